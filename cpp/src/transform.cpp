#include "styleshift/transform.hpp"

#include <algorithm>

#include "blocks.hpp"

namespace styleshift {
namespace {

// Frames a work item: enough to outweigh the frames that a neighbour computes again, few enough to balance.
constexpr std::int64_t chunk_frames = 256;

// Results larger than this do not stay in any cache, so their stores go round it.
constexpr std::int64_t cache_bytes = std::int64_t{16} << 20;

template <class T>
T* place(const Frames<T>& f, std::int64_t row, std::int64_t frame) {
    return f.data + row * f.signal_stride + frame * f.frame_stride;
}

// Values put together in scratch before they are copied out, where frames are transformed one by one.
constexpr std::int64_t scratch_values = 4096;

// Rows are put together in scratch and copied out whole: a row begins anywhere in a line of the cache.
// block(kernels, work, rows, out, row stride) stores rows of a block that Analyzer has transformed; frame(kernels,
// samples, work, out) makes one row of `row_values` values from its samples.
template <class T, class Block, class Frame>
void forward(const Plan& plan, std::span<const Signal> signals, FrameRange range, std::int64_t row_values,
             Frames<T> out, int threads, const Block& block, const Frame& frame) {
    const std::int64_t frames = std::max<std::int64_t>(0, range.end - range.begin);
    const std::int64_t chunks = (frames + chunk_frames - 1) / chunk_frames;
    const auto row_bytes = row_values * static_cast<std::int64_t>(sizeof(T));
    const bool past_caches = static_cast<std::int64_t>(signals.size()) * frames * row_bytes > cache_bytes;
    const bool one_by_one = goes_one_by_one(plan);
    const std::int64_t lanes = active_kernels().lanes;
    const std::int64_t block_rows = one_by_one ? std::clamp<std::int64_t>(scratch_values / row_values, 1, 16) : lanes;
    const std::int64_t stride = one_by_one ? row_values : scratch_stride<T>(row_values);
    parallel_for(threads, static_cast<std::int64_t>(signals.size()) * chunks, [&] {
        const std::int64_t work =
            one_by_one ? kernel::frame_work_floats(plan.tables()) : kernel::work_vectors(plan.tables()) * lanes;
        return [&, analyzer = Analyzer(plan, block_rows, work),
                rows_of_block = AlignedFloats((stride * block_rows * static_cast<std::int64_t>(sizeof(T)) + 3) / 4)](
                   std::int64_t item) mutable {
            const std::int64_t row = item / chunks;
            const std::int64_t begin = range.begin + item % chunks * chunk_frames;
            const std::int64_t end = std::min(range.end, begin + chunk_frames);
            const Signal& signal = signals[static_cast<std::size_t>(row)];
            const kernel::Kernels& k = analyzer.kernels();
            T* scratch = reinterpret_cast<T*>(rows_of_block.get());
            for (std::int64_t t = begin; t < end; t += block_rows) {
                const auto rows = std::min(block_rows, end - t);
                if (one_by_one) {
                    const std::int64_t hop = plan.settings().hop_length;
                    const float* samples = analyzer.segment(signal, t);
                    for (std::int64_t r = 0; r < rows; ++r, samples += hop) {
                        fetch(samples + plan.kept(), hop);
                        frame(k, samples, analyzer.work(), scratch + r * stride);
                    }
                } else {
                    block(k, analyzer.transform(signal, t), static_cast<int>(rows), scratch, stride);
                }
                constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(T));
                const auto* from = reinterpret_cast<const unsigned char*>(scratch);
                auto* to = reinterpret_cast<unsigned char*>(place(out, row, t - range.begin));
                if (one_by_one && out.frame_stride == row_values)
                    k.copy_rows(from, 0, 1, rows * row_bytes, to, 0, past_caches);
                else
                    k.copy_rows(from, stride * size, static_cast<int>(rows), row_bytes, to, out.frame_stride * size,
                                past_caches);
            }
            if (past_caches) analyzer.kernels().end_copies();
        };
    });
}

}  // namespace

void stft(const Plan& plan, std::span<const Signal> signals, FrameRange range, Frames<float> out, int threads) {
    forward(
        plan, signals, range, 2 * plan.bins(), out, threads,
        [&](const kernel::Kernels& k, const float* work, int rows, float* to, std::ptrdiff_t stride) {
            k.store_complex(plan.tables(), work, rows, to, stride);
        },
        [&](const kernel::Kernels& k, const float* samples, float* work, float* to) {
            k.frame_complex(plan.tables(), samples, work, to);
        });
}

void spectrogram(const Plan& plan, const CompressionSettings& c, std::span<const Signal> signals, FrameRange range,
                 Frames<float> out, int threads) {
    forward(
        plan, signals, range, plan.bins(), out, threads,
        [&](const kernel::Kernels& k, const float* work, int rows, float* to, std::ptrdiff_t stride) {
            k.store_float(plan.tables(), c, work, rows, to, stride);
        },
        [&](const kernel::Kernels& k, const float* samples, float* work, float* to) {
            k.frame_float(plan.tables(), c, samples, work, to);
        });
}

void spectrogram(const Plan& plan, const CompressionSettings& c, std::span<const Signal> signals, FrameRange range,
                 Frames<std::uint16_t> out, int threads) {
    forward(
        plan, signals, range, plan.bins(), out, threads,
        [&](const kernel::Kernels& k, const float* work, int rows, std::uint16_t* to, std::ptrdiff_t stride) {
            k.store_half(plan.tables(), c, work, rows, to, stride);
        },
        [&](const kernel::Kernels& k, const float* samples, float* work, std::uint16_t* to) {
            k.frame_half(plan.tables(), c, samples, work, to);
        });
}

void istft(const Plan& plan, Frames<const float> spectra, std::int64_t signals, std::int64_t frames, float* out,
           std::ptrdiff_t out_stride, std::int64_t length, int threads) {
    const std::int64_t hop = plan.settings().hop_length, offset = plan.offset();
    const std::int64_t before = (plan.kept() - 1) / hop;  // earlier frames that reach into a frame's first hop
    // One thread takes a signal whole; several take stretches of frames, and compute a few frames twice.
    const std::int64_t stretch = threads > 1 ? std::max(chunk_frames, 16 * before) : std::max<std::int64_t>(frames, 1);
    const std::int64_t chunks = std::max<std::int64_t>(1, (frames + stretch - 1) / stretch);
    parallel_for(threads, signals * chunks, [&] {
        return [&, synthesizer = Synthesizer(plan)](std::int64_t item) mutable {
            const std::int64_t row = item / chunks, chunk = item % chunks;
            const bool last = chunk + 1 == chunks;
            const std::int64_t first = chunk * stretch, end = last ? frames : first + stretch;
            float* samples = out + row * out_stride;
            // Sample s of the output is offset + s of the frames' own axis; [done, to) is this item's share.
            std::int64_t done = std::max(first * hop, offset);
            const std::int64_t to = last ? offset + length : std::min(end * hop, offset + length);
            const auto write = [&] {
                const std::int64_t limit = std::min(synthesizer.end(), to);
                if (limit <= done) return;
                synthesizer.write(done, limit, frames, samples + (done - offset));
                done = limit;
            };
            synthesizer.restart(std::max<std::int64_t>(0, first - before));
            while (synthesizer.next_frame() < end) {
                const std::int64_t t = synthesizer.next_frame();
                const int rows = static_cast<int>(std::min<std::int64_t>(synthesizer.lanes(), end - t));
                synthesizer.add(place(spectra, row, t), spectra.frame_stride, rows);
                write();
            }
            while (last && done < to && synthesizer.next_frame() <= frames + before) {
                synthesizer.add_nothing();
                write();
            }
            if (last && done < to) std::fill(samples + (done - offset), samples + length, 0.0F);
        };
    });
}

void compress(const CompressionSettings& c, const float* in, std::int64_t count, float* out, int threads) {
    constexpr std::int64_t piece = 1 << 16;
    parallel_for(threads, (count + piece - 1) / piece, [&] {
        return [&](std::int64_t i) {
            active_kernels().compress(c, in + i * piece, std::min(piece, count - i * piece), out + i * piece);
        };
    });
}

void expand(const CompressionSettings& c, const float* in, std::int64_t count, float* out, int threads) {
    constexpr std::int64_t piece = 1 << 16;
    parallel_for(threads, (count + piece - 1) / piece, [&] {
        return [&](std::int64_t i) {
            active_kernels().expand(c, in + i * piece, std::min(piece, count - i * piece), out + i * piece);
        };
    });
}

}  // namespace styleshift
