package antiphon.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * Runs a job with Kafka Streams' default settings until SIGTERM; ends with status 1 if it fails.
 *
 * <p>Its arguments are the job, how many events a rehearsal deals with, and a job for each rehearsal: that does
 * the whole job with topics and a group of its own, so that the JVM has compiled what there is to compile.
 */
public final class Main {
    private static final long LOOK_EVERY_MS = 50;

    public static void main(String[] arguments) throws IOException, InterruptedException {
        long events = Long.parseLong(arguments[1]);
        for (int number = 2; number < arguments.length; number++) {
            rehearse(JsonSerde.JSON.readValue(arguments[number], Job.class), events);
        }
        perform(JsonSerde.JSON.readValue(arguments[0], Job.class));
    }

    private static void rehearse(Job job, long events) throws IOException, InterruptedException {
        SharedCounter dealtWith = new SharedCounter(Path.of(job.counter()));
        try (KafkaStreams streams = application(job, dealtWith)) {
            streams.start();
            while (dealtWith.value() < events) {
                if (streams.state().hasStartedOrFinishedShuttingDown()) {
                    System.exit(1); // why is in the log
                }
                Thread.sleep(LOOK_EVERY_MS);
            }
        }
    }

    private static void perform(Job job) throws IOException, InterruptedException {
        KafkaStreams streams = application(job, new SharedCounter(Path.of(job.counter())));
        CountDownLatch ended = new CountDownLatch(1);
        streams.setStateListener((now, before) -> {
            if (now.hasCompletedShutdown()) {
                ended.countDown();
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close)); // it commits
        streams.start();
        ended.await();
        if (streams.state() == KafkaStreams.State.ERROR) {
            System.exit(1);
        }
    }

    private static KafkaStreams application(Job job, SharedCounter dealtWith) throws IOException {
        Set<String> officials =
                Set.of(JsonSerde.JSON.readValue(Path.of(job.officials()).toFile(), String[].class));
        KafkaStreams streams =
                new KafkaStreams(AmplificationTopology.of(job, officials, dealtWith), settings(job));
        streams.setUncaughtExceptionHandler(error -> StreamThreadExceptionResponse.SHUTDOWN_CLIENT);
        return streams;
    }

    private static Properties settings(Job job) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, job.group());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, job.broker());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, job.scratch());
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(
                StreamsConfig.producerPrefix(ProducerConfig.INTERCEPTOR_CLASSES_CONFIG),
                AcknowledgedResults.class.getName());
        settings.put(StreamsConfig.producerPrefix(AcknowledgedResults.TOPIC), job.results());
        settings.put(StreamsConfig.producerPrefix(AcknowledgedResults.COUNTER), job.acknowledged());
        return settings;
    }

    private Main() {}
}
