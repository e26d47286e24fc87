import { useEffect, useState } from 'preact/hooks'

export interface Selection {
  readonly symbol: string | undefined
  readonly interval: string
}

/** What is shown, kept in the address (`#BTC-USD/1m`) so that it can be linked to. */
export function useSelection(): [Selection, (selection: Selection) => void] {
  const [selection, setSelection] = useState(fromHash)
  useEffect(() => {
    const follow = () => setSelection(fromHash())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  const select = ({ symbol, interval }: Selection) => {
    history.replaceState(null, '', `#${symbol?.replace('/', '-') ?? ''}/${interval}`)
    setSelection({ symbol, interval })
  }
  return [selection, select]
}

function fromHash(): Selection {
  const [slug = '', interval = ''] = location.hash.slice(1).split('/')
  return { symbol: slug === '' ? undefined : slug.replace('-', '/'), interval: interval === '' ? '1m' : interval }
}
