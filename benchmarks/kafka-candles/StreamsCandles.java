import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;

/** The same one-minute candles with Kafka Streams, tuned: store in memory, large polls, lz4, commits each second. */
public class StreamsCandles {
  static final ObjectMapper JSON = new ObjectMapper();
  static long seen = 0;
  static long started = 0;
  static long cpu = 0;

  static class Candle {
    double open, high = Double.NEGATIVE_INFINITY, low = Double.POSITIVE_INFINITY, close, volume;
    long trades;

    Candle add(JsonNode trade) {
      double price = Double.parseDouble(trade.get("price").textValue());
      if (trades == 0) open = price;
      high = Math.max(high, price);
      low = Math.min(low, price);
      close = price;
      volume += Double.parseDouble(trade.get("quantity").textValue());
      trades++;
      return this;
    }

    byte[] state() {
      return ByteBuffer.allocate(48).putDouble(open).putDouble(high).putDouble(low).putDouble(close)
          .putDouble(volume).putLong(trades).array();
    }

    static Candle of(byte[] bytes) {
      if (bytes == null) return null;
      ByteBuffer from = ByteBuffer.wrap(bytes);
      Candle candle = new Candle();
      candle.open = from.getDouble();
      candle.high = from.getDouble();
      candle.low = from.getDouble();
      candle.close = from.getDouble();
      candle.volume = from.getDouble();
      candle.trades = from.getLong();
      return candle;
    }

    byte[] json() {
      return ("{\"open\":" + open + ",\"high\":" + high + ",\"low\":" + low + ",\"close\":" + close + ",\"volume\":"
          + volume + ",\"trades\":" + trades + "}").getBytes(StandardCharsets.UTF_8);
    }
  }

  static JsonNode parse(byte[] bytes) {
    try {
      return JSON.readTree(bytes);
    } catch (Exception error) {
      throw new RuntimeException(error);
    }
  }

  static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  /** In: broker, topic, output topic, count. */
  public static void main(String[] args) throws Exception {
    long count = Long.parseLong(args[3]);
    CountDownLatch done = new CountDownLatch(1);
    Properties config = new Properties();
    config.put("application.id", "streams-" + System.nanoTime());
    config.put("bootstrap.servers", args[0]);
    config.put("commit.interval.ms", "1000");
    config.put("state.dir", args[4]);
    config.put("consumer.auto.offset.reset", "earliest");
    config.put("consumer.max.poll.records", "5000");
    config.put("consumer.max.partition.fetch.bytes", "4194304");
    config.put("producer.compression.type", "lz4");
    config.put("producer.linger.ms", "50");
    config.put("producer.batch.size", "262144");
    Serde<JsonNode> trades = Serdes.serdeFrom((Serializer<JsonNode>) (t, v) -> null, (Deserializer<JsonNode>) (t, b) -> {
      if (seen == 0) {
        started = System.nanoTime();
        cpu = cpuNanos();
      }
      seen++;
      return parse(b);
    });
    Serde<Candle> state = Serdes.serdeFrom((Serializer<Candle>) (t, c) -> c == null ? null : c.state(),
        (Deserializer<Candle>) (t, b) -> Candle.of(b));
    Serde<Candle> json = Serdes.serdeFrom((Serializer<Candle>) (t, c) -> c.json(), (Deserializer<Candle>) (t, b) -> null);
    StreamsBuilder builder = new StreamsBuilder();
    Duration minute = Duration.ofMinutes(1);
    builder.stream(args[1], Consumed.with(Serdes.String(), trades))
        .groupByKey(Grouped.with(Serdes.String(), trades))
        .windowedBy(TimeWindows.ofSizeAndGrace(minute, Duration.ZERO))
        .aggregate(Candle::new, (key, trade, candle) -> candle.add(trade),
            Materialized.<String, Candle>as(
                Stores.inMemoryWindowStore("candles", Duration.ofMinutes(10), minute, false))
                .withKeySerde(Serdes.String()).withValueSerde(state))
        .toStream((window, candle) -> window.key())
        .peek((key, candle) -> {
          if (seen >= count && done.getCount() > 0) done.countDown();
        })
        .to(args[2], Produced.with(Serdes.String(), json));
    KafkaStreams streams = new KafkaStreams(builder.build(), config);
    streams.start();
    done.await();
    System.out.println(String.format(Locale.ROOT, "{\"seconds\":%.3f,\"cpuSeconds\":%.3f}",
        (System.nanoTime() - started) / 1e9, (cpuNanos() - cpu) / 1e9));
    System.exit(0);
  }
}
