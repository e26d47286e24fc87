import { once } from 'node:events'
import { WebSocket } from 'ws'

/** A bare WebSocket client that keeps every frame it was sent. */
export class SocketClient {
  readonly socket: WebSocket
  readonly frames: string[] = []
  #read = 0
  #arrived: (() => void) | undefined

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => {
      this.frames.push(String(data))
      this.#arrived?.()
    })
  }

  static async connect(url: string): Promise<SocketClient> {
    const client = new SocketClient(new WebSocket(url))
    await once(client.socket, 'open')
    return client
  }

  send(request: unknown): void {
    this.socket.send(typeof request === 'string' ? request : JSON.stringify(request))
  }

  /** The next frame not yet taken, as text. */
  async next(): Promise<string> {
    while (this.#read >= this.frames.length) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve
      })
    }
    this.#read += 1
    return this.frames[this.#read - 1] as string
  }

  /** Every frame up to the answer to a ping sent now: whatever the server sent before it. */
  async settled(): Promise<string[]> {
    const frames: string[] = []
    this.send({ method: 'ping', req_id: 999_999 })
    for (let frame = await this.next(); !frame.includes('"req_id":999999'); frame = await this.next())
      frames.push(frame)
    return frames
  }
}
