#!/usr/bin/env bash
# Builds nothing: run after `docker compose build`. Brings the whole composition up from empty volumes, looks at the page, kills a
# role, takes it down again with its volumes. Refuses where volumes of an earlier run are there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

page=http://localhost:${C1_HTTP_PORT:-7070}
roles="ingest-trades build-candles compute-features train-model serve-predictions show-dashboard"
passed=0

ok() { passed=$((passed + 1)); printf 'ok %d - %s (%d s)\n' "$passed" "$1" "$SECONDS"; }

fail() {
  printf 'not ok - %s\n' "$1" >&2
  docker compose ps -a >&2
  docker compose logs --tail 20 >&2
  exit 1
}

# WHAT SECONDS COMMAND...
until_true() {
  local what=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "$what"
    sleep 0.5
  done
  ok "$what"
}

shows() { curl -fsS --max-time 5 "$page$1" | grep -q "$2"; }
container() { docker compose ps -aq "$1"; }
inspect() { docker inspect -f "$2" "$(container "$1")"; }
recovered() { [[ "$(inspect "$1" '{{.State.Health.Status}} {{.RestartCount}}')" == "healthy $2" ]]; }
# The roles share one space of process ids.
kill_role() {
  docker compose exec -T --user root processes sh -c '
    for process in /proc/[0-9]*; do
      if tr "\0" " " <"$process/cmdline" 2>/dev/null | grep -q "main.ts run $1 "; then kill -9 "${process#/proc/}"; fi
    done' sh "$1"
}
predictions() { curl -fsS --max-time 5 "$page/v1/predictions?symbol=BTC/USD" | grep -o '"asOf"' | wc -l; }
more_predictions() { (($(predictions) > $1)); }

[[ -z "$(docker volume ls -q --filter name=^c1_)" ]] || { echo 'volumes of c1 are there: docker compose down -v first' >&2; exit 2; }
trap 'docker compose down -v --timeout 10 >/dev/null 2>&1' EXIT

docker compose config -q && ok 'the file is valid'
docker compose up -d --no-build --wait --wait-timeout 240 >/dev/null 2>&1 || fail 'up --wait'
ok 'every service is up and healthy'
for role in $roles; do
  [[ "$(docker compose exec -T "$role" id -u)" == 1000 ]] || fail "$role runs as root"
done
ok 'no role runs as root'
until_true 'the page is served' 10 shows / '<title>'
until_true 'candles are shown' 120 shows '/v1/candles?symbol=BTC/USD&interval=1m' '"state":"final"'
until_true 'a prediction is shown' 240 shows '/v1/predictions?symbol=BTC/USD' '"asOf"'
published=$(docker compose ps --format '{{.Ports}}' | grep -o '[0-9.:]*->' | sort -u | xargs)
[[ "$published" == "127.0.0.1:${C1_HTTP_PORT:-7070}-> 127.0.0.1:8080->" ]] || fail "published: $published"
ok 'only the page and the console are published, on loopback'
curl -fsS --max-time 5 http://localhost:8080/admin/health >/dev/null || fail 'console'
ok 'the console answers'

before=$(predictions)
for role in build-candles serve-predictions; do
  kill_role "$role"
  until_true "$role is back after a kill -9" 90 recovered "$role" 1
done
until_true 'predictions go on' 180 more_predictions "$before"

docker compose stop --timeout 10 $roles >/dev/null 2>&1
# 130: interrupted, with everything kept. A role that has to be killed ends with 137.
for role in $roles; do
  code=$(inspect "$role" '{{.State.ExitCode}}')
  [[ "$code" == 130 ]] || fail "$role ended with $code when told to stop"
done
ok 'every role ends in time, everything kept, when it is told to stop'
docker compose down -v --timeout 10 >/dev/null 2>&1
[[ -z "$(docker compose ps -aq)$(docker volume ls -q --filter name=^c1_)" ]] || fail 'down leaves something'
ok 'down leaves nothing'
printf '%d passed, 0 failed\n' "$passed"
