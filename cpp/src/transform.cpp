#include "styleshift/transform.hpp"

#include <algorithm>

#include "blocks.hpp"

namespace styleshift {
namespace {

// Frames a work item: enough to outweigh the frames that a neighbour computes again, few enough to balance.
constexpr std::int64_t chunk_frames = 256;

template <class Store>
void forward(const Plan& plan, std::span<const Signal> signals, FrameRange range, int threads, const Store& store) {
    const std::int64_t frames = std::max<std::int64_t>(0, range.end - range.begin);
    const std::int64_t chunks = (frames + chunk_frames - 1) / chunk_frames;
    parallel_for(threads, static_cast<std::int64_t>(signals.size()) * chunks, [&] {
        return [&, analyzer = Analyzer(plan)](std::int64_t item) mutable {
            const std::int64_t row = item / chunks;
            const std::int64_t begin = range.begin + item % chunks * chunk_frames;
            const std::int64_t end = std::min(range.end, begin + chunk_frames);
            const kernel::Kernels& k = analyzer.kernels();
            for (std::int64_t t = begin; t < end; t += k.lanes) {
                const float* work = analyzer.transform(signals[static_cast<std::size_t>(row)], t);
                store(k, work, row, t - range.begin, static_cast<int>(std::min<std::int64_t>(k.lanes, end - t)));
            }
        };
    });
}

template <class T>
T* place(const Frames<T>& f, std::int64_t row, std::int64_t frame) {
    return f.data + row * f.signal_stride + frame * f.frame_stride;
}

}  // namespace

void stft(const Plan& plan, std::span<const Signal> signals, FrameRange range, Frames<float> out, int threads) {
    forward(plan, signals, range, threads,
            [&](const kernel::Kernels& k, const float* work, std::int64_t row, std::int64_t frame, int rows) {
                k.store_complex(plan.tables(), work, rows, place(out, row, frame), out.frame_stride);
            });
}

void spectrogram(const Plan& plan, const CompressionSettings& c, std::span<const Signal> signals, FrameRange range,
                 Frames<float> out, int threads) {
    forward(plan, signals, range, threads,
            [&](const kernel::Kernels& k, const float* work, std::int64_t row, std::int64_t frame, int rows) {
                k.store_float(plan.tables(), c, work, rows, place(out, row, frame), out.frame_stride);
            });
}

void spectrogram(const Plan& plan, const CompressionSettings& c, std::span<const Signal> signals, FrameRange range,
                 Frames<std::uint16_t> out, int threads) {
    forward(plan, signals, range, threads,
            [&](const kernel::Kernels& k, const float* work, std::int64_t row, std::int64_t frame, int rows) {
                k.store_half(plan.tables(), c, work, rows, place(out, row, frame), out.frame_stride);
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
            // Sample s of the output is offset + s of the frames' own axis; [from, to) is this item's share.
            std::int64_t done = std::max(first * hop, offset);
            const std::int64_t to = last ? offset + length : std::min(end * hop, offset + length);
            const auto emit_until = [&](std::int64_t limit) {
                limit = std::min(limit, to);
                if (limit > done) {
                    synthesizer.emit(done, limit, frames, samples + (done - offset));
                    done = limit;
                }
            };
            synthesizer.restart(std::max<std::int64_t>(0, first - before));
            while (synthesizer.next_frame() < end) {
                const std::int64_t t = synthesizer.next_frame();
                const int rows = static_cast<int>(std::min<std::int64_t>(synthesizer.lanes(), end - t));
                synthesizer.add(place(spectra, row, t), spectra.frame_stride, rows);
                emit_until(synthesizer.next_frame() * hop);
                synthesizer.advance(synthesizer.next_frame() * hop);
            }
            if (last) emit_until(to);
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
