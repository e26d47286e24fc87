import { UsageError } from '@c1/market'

/** The address itself. @throws UsageError `address_malformed` when it is no URL of one of the schemes */
export function venueAddress(address: string, schemes: readonly [string, string]): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !schemes.includes(url.protocol.slice(0, -1))) {
    const [plain, encrypted] = schemes
    throw new UsageError(
      'address_malformed',
      `"${address}" is no venue's address: write ${plain}://... or ${encrypted}://...`,
    )
  }
  return address
}
