/** What the venue says of itself. */
export interface VenueStatus {
  /** Its own word, such as `online`, `maintenance`, `cancel_only` or `post_only`. */
  readonly system: string
  /** Whether orders are matched. Otherwise no trades happen, while connections stay useful and quiet. */
  readonly online: boolean
}
