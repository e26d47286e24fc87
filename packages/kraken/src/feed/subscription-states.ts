export type SubscriptionState =
  /** To be asked for with the next request. */
  | 'wanted'
  /** Asked for, without an answer yet. */
  | 'asked'
  | 'subscribed'
  /** The venue said no; to be asked for again, alone, after a back-off. */
  | 'refused'

export type SubscriptionEvent =
  | 'ask'
  | 'confirm'
  | 'refuse'
  /** The question, its answer or the back-off has run out. */
  | 'lapse'

/** The next state of one symbol. An answer counts whenever it comes; a late refusal does not undo a subscription. */
export const SUBSCRIPTION_TABLE: Readonly<
  Record<SubscriptionState, Readonly<Record<SubscriptionEvent, SubscriptionState>>>
> = {
  wanted: { ask: 'asked', confirm: 'subscribed', refuse: 'refused', lapse: 'wanted' },
  asked: { ask: 'asked', confirm: 'subscribed', refuse: 'refused', lapse: 'wanted' },
  subscribed: { ask: 'subscribed', confirm: 'subscribed', refuse: 'subscribed', lapse: 'wanted' },
  refused: { ask: 'asked', confirm: 'subscribed', refuse: 'refused', lapse: 'wanted' },
}
