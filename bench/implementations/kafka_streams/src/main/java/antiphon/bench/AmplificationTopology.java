package antiphon.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

/** The job of the race, in the words of Kafka Streams' DSL. */
final class AmplificationTopology {
    record Account(String id) {}

    record Quote(Account account) {}

    /** As much of a canonical event as the job needs. */
    record Event(String id, Account actor, Account subject, Quote quotes) {
        /** The account that is retweeted or quoted, or null. */
        String amplified() {
            Account account = subject == null && quotes != null ? quotes.account() : subject;
            return account == null ? null : account.id();
        }
    }

    record Amplification(String event, String official, String subject) {}

    /** A subject's figures, and the event that they follow from: what is kept is also what is told. */
    record Figures(Amplification newest, long amplifications, List<String> officials) {
        static final Figures NONE = new Figures(null, 0, List.of());

        Figures and(Amplification amplification) {
            List<String> by = officials;
            if (!by.contains(amplification.official())) {
                by = new ArrayList<>(by);
                by.add(amplification.official());
            }
            return new Figures(amplification, amplifications + 1, by);
        }

        Result told() {
            return new Result(newest.event(), newest.subject(), newest.official(), amplifications, officials.size());
        }
    }

    /** As `Result` in bench/implementations/peer.py. */
    record Result(String event, String subject, String official, long amplifications, int distinctOfficials) {}

    static Topology of(Job job, Set<String> officials, SharedCounter dealtWith) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(job.topics(), Consumed.with(Serdes.ByteArray(), new JsonSerde<>(Event.class)))
                .peek((key, event) -> dealtWith.increment())
                .filter((key, event) -> officials.contains(event.actor().id()))
                .mapValues(event -> new Amplification(event.id(), event.actor().id(), event.amplified()))
                .filter((key, told) -> told.subject() != null && !told.subject().equals(told.official()))
                .selectKey((key, told) -> told.subject())
                .groupByKey(
                        Grouped.with("by-subject", Serdes.String(), new JsonSerde<>(Amplification.class)))
                .aggregate(() -> Figures.NONE, (subject, told, figures) -> figures.and(told), subjects())
                .toStream()
                .mapValues(Figures::told)
                .to(job.results(), Produced.with(Serdes.String(), new JsonSerde<>(Result.class)));
        return builder.build();
    }

    /** Without a cache: it would hold figures back until the next commit and tell the last of several only. */
    private static Materialized<String, Figures, KeyValueStore<Bytes, byte[]>> subjects() {
        return Materialized.<String, Figures, KeyValueStore<Bytes, byte[]>>as("subjects")
                .withKeySerde(Serdes.String())
                .withValueSerde(new JsonSerde<>(Figures.class))
                .withCachingDisabled();
    }

    private AmplificationTopology() {}
}
