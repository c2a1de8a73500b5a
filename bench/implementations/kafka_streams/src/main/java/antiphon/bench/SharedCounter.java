package antiphon.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A number that this process raises and the race reads: eight bytes in a shared file, as in bench/counter.py. */
final class SharedCounter {
    private final MappedByteBuffer cell;

    SharedCounter(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            cell = channel.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        cell.order(ByteOrder.nativeOrder());
    }

    long value() {
        return cell.getLong(0);
    }

    /** Only one thread may call this. */
    void increment() {
        cell.putLong(0, cell.getLong(0) + 1);
    }
}
