package antiphon.bench;

import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Counts the results that the broker has acknowledged, so that the race knows when all are written. */
public final class AcknowledgedResults implements ProducerInterceptor<byte[], byte[]> {
    static final String TOPIC = "antiphon.results.topic";
    static final String COUNTER = "antiphon.results.counter";

    private String results;
    private SharedCounter acknowledged;

    @Override
    public void configure(Map<String, ?> settings) {
        results = (String) settings.get(TOPIC);
        acknowledged = new SharedCounter(Path.of((String) settings.get(COUNTER)));
    }

    @Override
    public ProducerRecord<byte[], byte[]> onSend(ProducerRecord<byte[], byte[]> sent) {
        return sent;
    }

    @Override
    public void onAcknowledgement(RecordMetadata where, Exception error) {
        if (error == null && where.topic().equals(results)) {
            acknowledged.increment();
        }
    }

    @Override
    public void close() {}
}
