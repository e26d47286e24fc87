"""The same one-minute candles with Quix Streams. In: broker, topic, output topic, count."""

import json
import resource
import sys
import time
from datetime import timedelta

from quixstreams import Application
from quixstreams.dataframe.windows import Count, First, Last, Max, Min, Sum

broker, topic, output, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
app = Application(
    broker_address=broker,
    consumer_group=f"quix-{time.time_ns()}",
    auto_offset_reset="earliest",
    loglevel="WARNING",
    auto_create_topics=True,
    producer_extra_config={"compression.type": "lz4", "linger.ms": 50},
    commit_interval=float(sys.argv[5]) if len(sys.argv) > 5 else 5.0,
)
state = {"seen": 0, "started": 0.0, "cpu": 0.0}


def cpu():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def look(value):
    if state["seen"] == 0:
        state["started"] = time.monotonic()
        state["cpu"] = cpu()
    state["seen"] += 1
    return {"price": float(value["price"]), "quantity": float(value["quantity"])}


def finished(value):
    if state["seen"] >= count and "done" not in state:
        state["done"] = True
        seconds = time.monotonic() - state["started"]
        print(json.dumps({"seconds": seconds, "cpuSeconds": cpu() - state["cpu"]}), flush=True)
        app.stop()
    return value


trades = app.topic(topic, value_deserializer="json", key_deserializer="str")
candles = app.topic(output, value_serializer="json", key_serializer="str")
sdf = app.dataframe(trades).apply(look)
sdf.update(finished)
sdf = (
    sdf.tumbling_window(timedelta(minutes=1))
    .agg(
        open=First("price"),
        high=Max("price"),
        low=Min("price"),
        close=Last("price"),
        volume=Sum("quantity"),
        trades=Count(),
    )
    .final()
)
sdf.to_topic(candles)
app.run()
