import { WebSocket } from 'ws'

/** What is told of a socket. */
export interface SocketListener {
  opened(): void
  /** A frame, text or its bytes. */
  frame(data: { toString(): string }): void
  /** It failed, was refused or ended; may be called more than once. */
  ended(reason: string): void
}

/** One WebSocket connection as a feed uses it. */
export interface Socket {
  /** Sends nothing while the connection is not open. */
  send(text: string): void
  /** Says goodbye, if the connection is open, and ends it at once; `ended` may follow inside the call. */
  end(goodbye: boolean): void
}

/** Begins to connect. The listener is told nothing before it returns. */
export type OpenSocket = (url: string, listener: SocketListener) => Socket

/** Far above the 360 kB of the largest message known; a larger one ends the connection before it fills the memory. */
const LARGEST_FRAME_BYTES = 16 * 1024 * 1024

/** A socket on the network. */
export const openWebSocket: OpenSocket = (url, listener) => {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: LARGEST_FRAME_BYTES,
    // A frame with a wrong byte is one dead letter, not the end of the connection.
    skipUTF8Validation: true,
    headers: { 'user-agent': 'c1-kraken' },
  })
  socket.on('open', () => listener.opened())
  socket.on('message', (data) => listener.frame(data as Buffer))
  socket.on('error', (error) => listener.ended(error.message))
  socket.on('close', (code, reason) =>
    listener.ended(`closed with code ${code}${reason.length > 0 ? ` ${reason}` : ''}`),
  )
  const isOpen = (): boolean => socket.readyState === WebSocket.OPEN
  return {
    send: (text) => {
      if (isOpen()) socket.send(text)
    },
    end: (goodbye) => {
      if (goodbye && isOpen()) socket.close(1000)
      socket.terminate()
    },
  }
}
