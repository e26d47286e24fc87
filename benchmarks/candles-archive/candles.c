/*
 * The same work as `c1 candles FILE --interval 1m`, in plain C: rows `seconds,price,volume` in time order to one-minute candles
 * as CSV on standard output, byte for byte those of C1. Exact as there: prices and volumes are whole counts of their decimals,
 * notional is a 128-bit sum, VWAP is cut. What it leaves out: rows out of order, other layouts, malformed rows, longer windows.
 *
 *   cc -O3 -march=native -o candles candles.c && ./candles BTC/USD XBTUSD.csv > candles.csv
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 60
#define BUFFER (256 * 1024)

typedef unsigned __int128 u128;

typedef struct {
  int64_t open_time, first_id, last_id;
  uint64_t open, high, low, close, volume;
  u128 notional;
} window;

static window *windows;
static size_t count, capacity;
static int price_decimals, quantity_decimals;
static const uint64_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000};

static void fail(const char *why) {
  fprintf(stderr, "%s\n", why);
  exit(1);
}

/* The file has numbers of more decimals than so far: everything is written in those. */
static void raise_decimals(int price, int quantity) {
  uint64_t by_price = tens[price - price_decimals], by_quantity = tens[quantity - quantity_decimals];
  for (size_t i = 0; i < count; i++) {
    window *w = &windows[i];
    w->open *= by_price, w->high *= by_price, w->low *= by_price, w->close *= by_price;
    w->volume *= by_quantity;
    w->notional *= (u128)by_price * by_quantity;
  }
  price_decimals = price, quantity_decimals = quantity;
}

/* A plain decimal as a whole count, and how many decimals it has. */
static inline const char *read_decimal(const char *at, uint64_t *units, int *decimals) {
  uint64_t value = 0;
  unsigned digit;
  for (; (digit = (unsigned char)*at - '0') < 10; at++) value = value * 10 + digit;
  *decimals = 0;
  if (*at == '.') {
    const char *first = ++at;
    for (; (digit = (unsigned char)*at - '0') < 10; at++) value = value * 10 + digit;
    *decimals = at - first;
  }
  *units = value;
  return at;
}

static void read_rows(const char *at, const char *end) {
  static int64_t id;
  window *w = count > 0 ? &windows[count - 1] : NULL;
  while (at < end) {
    int64_t seconds = 0;
    unsigned digit;
    for (; (digit = (unsigned char)*at - '0') < 10; at++) seconds = seconds * 10 + digit;
    uint64_t price, quantity;
    int price_scale, quantity_scale;
    if (*at++ != ',') fail("A row is malformed.");
    at = read_decimal(at, &price, &price_scale);
    if (*at++ != ',') fail("A row is malformed.");
    at = read_decimal(at, &quantity, &quantity_scale);
    if (*at++ != '\n') fail("A row is malformed.");
    if (price_scale > price_decimals || quantity_scale > quantity_decimals)
      raise_decimals(price_scale > price_decimals ? price_scale : price_decimals,
                     quantity_scale > quantity_decimals ? quantity_scale : quantity_decimals);
    if (price_scale < price_decimals) price *= tens[price_decimals - price_scale];
    if (quantity_scale < quantity_decimals) quantity *= tens[quantity_decimals - quantity_scale];
    id++;
    if (w == NULL || seconds - w->open_time >= WINDOW) {
      if (count == capacity) {
        capacity = capacity == 0 ? 4096 : 2 * capacity;
        windows = realloc(windows, capacity * sizeof *windows);
        if (windows == NULL) fail("There is not enough memory.");
      }
      w = &windows[count++];
      *w = (window){.open_time = seconds - seconds % WINDOW, .first_id = id, .open = price, .high = price, .low = price};
    } else if (seconds < w->open_time) {
      fail("A row goes back in time.");
    }
    w->last_id = id;
    w->close = price;
    if (price > w->high) w->high = price;
    if (price < w->low) w->low = price;
    w->volume += quantity;
    w->notional += (u128)price * quantity;
  }
}

static void read_file(const char *path) {
  static char buffer[BUFFER];
  int file = open(path, O_RDONLY);
  if (file < 0) fail("The file cannot be opened.");
  size_t length = 0;
  ssize_t got;
  while ((got = read(file, buffer + length, BUFFER - length)) > 0) {
    length += got;
    size_t whole = length;
    while (whole > 0 && buffer[whole - 1] != '\n') whole--;
    read_rows(buffer, buffer + whole);
    memmove(buffer, buffer + whole, length - whole);
    length -= whole;
  }
  close(file);
}

static char *write_whole(char *at, uint64_t value) {
  char digits[20];
  int length = 0;
  do digits[length++] = '0' + value % 10;
  while ((value /= 10) > 0);
  while (length > 0) *at++ = digits[--length];
  return at;
}

static char *write_decimal(char *at, uint64_t units, int decimals) {
  at = write_whole(at, units / tens[decimals]);
  if (decimals == 0) return at;
  *at = '.';
  uint64_t rest = units % tens[decimals];
  for (int place = decimals; place > 0; place--, rest /= 10) at[place] = '0' + rest % 10;
  return at + decimals + 1;
}

static char *write_time(char *at, int64_t seconds) {
  static int64_t day = -1;
  static char date[16];
  if (seconds / 86400 != day) {
    time_t start = seconds;
    day = seconds / 86400;
    strftime(date, sizeof date, "%Y-%m-%dT", gmtime(&start));
  }
  memcpy(at, date, 11);
  int second = seconds % 86400, parts[] = {second / 3600, second / 60 % 60, second % 60};
  for (int i = 0; i < 3; i++) {
    at[11 + 3 * i] = '0' + parts[i] / 10;
    at[12 + 3 * i] = '0' + parts[i] % 10;
    at[13 + 3 * i] = i < 2 ? ':' : '.';
  }
  memcpy(at + 20, "000000Z", 7);
  return at + 27;
}

/* Zeros that every price of the file ends with only pad it. */
static int padding(void) {
  int surplus = price_decimals;
  for (size_t i = 0; i < count; i++) {
    uint64_t prices[] = {windows[i].open, windows[i].high, windows[i].low, windows[i].close};
    for (int p = 0; p < 4; p++)
      while (prices[p] % tens[surplus] != 0) surplus--;
  }
  return surplus;
}

static void write_candles(const char *symbol) {
  static char buffer[BUFFER + 512];
  char *at = buffer;
  size_t name = strlen(symbol);
  if (name > 40) fail("The symbol is too long.");
  int surplus = padding(), decimals = price_decimals - surplus;
  at += sprintf(at, "symbol,interval,openTime,closeTime,open,high,low,close,volume,vwap,tradeCount,buyVolume,firstTradeId,lastTradeId,revision,state,complete\n");
  for (size_t i = 0; i < count; i++) {
    const window *w = &windows[i];
    uint64_t vwap = w->volume == 0 ? w->close : w->notional / w->volume;
    uint64_t prices[] = {w->open, w->high, w->low, w->close};
    memcpy(at, symbol, name), at += name;
    memcpy(at, ",1m,", 4), at += 4;
    at = write_time(at, w->open_time), *at++ = ',';
    at = write_time(at, w->open_time + WINDOW), *at++ = ',';
    for (int p = 0; p < 4; p++) at = write_decimal(at, prices[p] / tens[surplus], decimals), *at++ = ',';
    at = write_decimal(at, w->volume, quantity_decimals), *at++ = ',';
    at = write_decimal(at, vwap / tens[surplus], decimals), *at++ = ',';
    at = write_whole(at, w->last_id - w->first_id + 1), *at++ = ',', *at++ = ',';
    at = write_whole(at, w->first_id), *at++ = ',';
    at = write_whole(at, w->last_id);
    memcpy(at, ",1,final,\n", 10), at += 10;
    if (at - buffer >= BUFFER) fwrite(buffer, 1, at - buffer, stdout), at = buffer;
  }
  fwrite(buffer, 1, at - buffer, stdout);
}

int main(int argc, char **argv) {
  if (argc != 3) fail("Usage: candles SYMBOL FILE > candles.csv");
  read_file(argv[2]);
  write_candles(argv[1]);
  return fflush(stdout) == 0 ? 0 : 1;
}
