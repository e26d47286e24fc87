// What the host uses of the kernel.
export { endCandles, rollSegments, setUpCandles } from './candles'
export { INPUT, INPUT_BYTES, LEVEL_BYTES, LEVELS, ROLES, SEGMENT_FIELDS, SEGMENTS, TEXT } from './memory'
export { countRows, passRow, readRows, setUp } from './rows'
