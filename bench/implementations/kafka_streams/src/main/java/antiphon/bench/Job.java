package antiphon.bench;

import java.util.List;

/** What the program is told, as its only argument in JSON: `Job` in bench/implementations/peer.py says what is what. */
record Job(
        String broker,
        List<String> topics,
        String group,
        String results,
        String officials,
        String counter,
        String acknowledged,
        String scratch) {}
