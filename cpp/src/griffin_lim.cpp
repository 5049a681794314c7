// Griffin-Lim, fused: one round reads the signal once and writes it once. A block of frames is transformed,
// given the wanted magnitudes, transformed back and overlap-added while it is in cache; spectra stay in the
// kernels' own layout, a frame in each lane, so rows are transposed once and not every round.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "blocks.hpp"
#include "random.hpp"
#include "styleshift/phase.hpp"
#include "styleshift/result_memory.hpp"

namespace styleshift {
namespace {

// Frames that are summed by themselves before they meet their neighbours. Fixed, so that every number of threads
// adds in the same order.
constexpr std::int64_t chunk_frames = 256;

// Random phases come from a table of this many directions: cos and sin of every bin would take longer than a round.
constexpr int direction_bits = 12;
using Directions = std::array<std::array<float, 2>, std::size_t{1} << direction_bits>;

const Directions& directions() {
    static const Directions table = [] {
        Directions d{};
        for (std::size_t i = 0; i < d.size(); ++i) {
            const double angle = 2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(d.size());
            d[i] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
        }
        return d;
    }();
    return table;
}

// Squared distance of the magnitudes of a block of spectra, pairs of vectors a bin, from the wanted ones, over the
// first `rows` lanes. A sum for each lane, so that the compiler may take the lanes at once.
template <int lanes>
double squared_distance(const float* spectrum, const float* goal, std::int64_t bins, int rows) {
    std::array<float, lanes> sums{};
    for (std::int64_t b = 0; b < bins; ++b, spectrum += 2 * lanes, goal += lanes)
        for (std::size_t l = 0; l < lanes; ++l) {
            const float re = spectrum[l], im = spectrum[lanes + l];
            const float gap = std::sqrt(re * re + im * im) - goal[l];
            sums[l] += gap * gap;
        }
    return std::accumulate(sums.begin(), sums.begin() + rows, 0.0);
}

// Floats in memory that is used again from call to call.
class LargeFloats {
public:
    explicit LargeFloats(std::int64_t count)
        : data_(static_cast<float*>(take_result_memory(static_cast<std::size_t>(count) * sizeof(float)))) {}
    LargeFloats(const LargeFloats&) = delete;
    LargeFloats& operator=(const LargeFloats&) = delete;
    ~LargeFloats() { give_result_memory(data_); }
    float* get() const { return data_; }

private:
    float* data_;
};

class Reconstruction {
public:
    Reconstruction(const Plan& plan, const GriffinLimSettings& settings, std::int64_t frames, std::int64_t length)
        : plan_(plan),
          settings_(settings),
          lanes_(active_kernels().lanes),
          frames_(frames),
          length_(length),
          overlap_(std::max<std::int64_t>(0, plan.kept() - plan.settings().hop_length)),
          chunk_(round_up(std::max(chunk_frames, plan.kept() / plan.settings().hop_length + 1), lanes_)),
          chunks_((frames + chunk_ - 1) / chunk_),
          block_floats_(plan.bins() * lanes_),
          goal_(round_up(frames, lanes_) * plan.bins()),
          previous_(round_up(frames, lanes_) * plan.bins() * 2),
          tails_(static_cast<std::size_t>(chunks_ * overlap_)),
          distances_(static_cast<std::size_t>(chunks_)),
          signal_(static_cast<std::size_t>(length)),
          next_(static_cast<std::size_t>(length)) {}

    std::int64_t chunks() const { return chunks_; }

    struct Scratch {
        explicit Scratch(const Plan& plan)
            : analyzer(plan), synthesizer(plan, true), row(plan.bins() * 2 * kernel::max_lanes) {}
        Analyzer analyzer;
        Synthesizer synthesizer;
        AlignedFloats row;
    };

    // The spectrum that the first round starts from, overlap-added.
    void start(std::int64_t chunk, const float* magnitude, std::ptrdiff_t magnitude_stride, const float* initial,
               std::ptrdiff_t initial_stride, std::uint64_t stream, Scratch& scratch) {
        const kernel::Kernels& k = scratch.analyzer.kernels();
        const Directions& unit = directions();
        sum_chunk(chunk, scratch.synthesizer, [&](std::int64_t t, int rows) {
            const float* m = magnitude + t * magnitude_stride;
            k.load_rows(plan_.tables(), m, magnitude_stride, rows, goal(t));
            std::fill(previous(t), previous(t) + 2 * block_floats_, 0.0F);
            for (int r = 0; r < rows; ++r)
                for (std::int64_t b = 0; b < plan_.bins(); ++b) {
                    float re = 1.0F, im = 0.0F;
                    if (initial != nullptr) {
                        const float* p = initial + (t + r) * initial_stride + 2 * b;
                        // In double, where no square of a float vanishes.
                        const double size = std::sqrt(double{p[0]} * p[0] + double{p[1]} * p[1]);
                        if (size > 0.0) re = static_cast<float>(p[0] / size), im = static_cast<float>(p[1] / size);
                    } else {
                        const std::uint64_t bits = random_bits(settings_.seed + stream,
                                                               static_cast<std::uint64_t>((t + r) * plan_.bins() + b));
                        re = unit[bits >> (64 - direction_bits)][0], im = unit[bits >> (64 - direction_bits)][1];
                    }
                    float* p = scratch.row.get() + (r * plan_.bins() + b) * 2;
                    p[0] = m[r * magnitude_stride + b] * re;
                    p[1] = m[r * magnitude_stride + b] * im;
                }
            k.inverse(plan_.tables(), scratch.row.get(), 2 * plan_.bins(), rows, scratch.synthesizer.slot());
        });
    }

    // One round for one chunk; every chunk's finish() of the round before must be done. look: take the distance of what
    // it begins with.
    void round(std::int64_t chunk, bool first, bool look, Scratch& scratch) {
        const Signal signal{signal_.data(), SampleType::float32, sizeof(float), 0, length_};
        double distance = 0.0;
        sum_chunk(chunk, scratch.synthesizer, [&](std::int64_t t, int rows) {
            const float* work = scratch.analyzer.transform(signal, t);
            scratch.analyzer.kernels().griffin_lim(plan_.tables(), work, goal(t), previous(t),
                                                   first ? 0.0F : settings_.momentum, scratch.synthesizer.slot());
            if (!look) return;
            const auto measure = lanes_ == 16  ? squared_distance<16>
                                 : lanes_ == 8 ? squared_distance<8>
                                               : squared_distance<4>;
            distance += measure(previous(t), goal(t), plan_.bins(), rows);
        });
        distances_[static_cast<std::size_t>(chunk)] = distance;
    }

    // Of all chunks, in their order.
    double distance() const { return std::accumulate(distances_.begin(), distances_.end(), 0.0); }

    // Adds what the chunk before reached over to this one, and divides by the windows.
    void finish(std::int64_t chunk) {
        const std::int64_t hop = plan_.settings().hop_length, offset = plan_.offset();
        const std::int64_t start = chunk * chunk_ * hop, begin = std::max(start, offset);
        const std::int64_t end =
            chunk + 1 == chunks_ ? offset + length_ : std::min((chunk + 1) * chunk_ * hop, offset + length_);
        if (chunk > 0) {
            const float* tail = tails_.data() + (chunk - 1) * overlap_;
            for (std::int64_t i = begin; i < std::min(end, start + overlap_); ++i)
                next_[static_cast<std::size_t>(i - offset)] += tail[i - start];
        }
        const std::int64_t period = plan_.period(), steady_end = frames_ * hop;
        for (std::int64_t i = begin; i < end;) {
            float* x = next_.data() + (i - offset);
            if (i < plan_.steady_begin() || i >= steady_end) {
                *x *= plan_.overlap_weight(i, frames_);
                ++i;
                continue;
            }
            const std::int64_t phase = i % period, n = std::min({period - phase, end - i, steady_end - i});
            const float* weights = plan_.steady_weights() + phase;
            for (std::int64_t j = 0; j < n; ++j) x[j] *= weights[j];
            i += n;
        }
    }

    void swap() { signal_.swap(next_); }
    const std::vector<float>& signal() const { return signal_; }

private:
    static std::int64_t round_up(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }
    float* goal(std::int64_t t) { return goal_.get() + t / lanes_ * block_floats_; }
    float* previous(std::int64_t t) { return previous_.get() + t / lanes_ * block_floats_ * 2; }

    // make(t, rows) leaves samples of frames t ... in the synthesizer's slot; their sums go to next_ and tails_.
    template <class Make>
    void sum_chunk(std::int64_t chunk, Synthesizer& synthesizer, const Make& make) {
        const std::int64_t hop = plan_.settings().hop_length, offset = plan_.offset();
        const std::int64_t end = std::min(frames_, (chunk + 1) * chunk_);
        const bool last = chunk + 1 == chunks_;
        const std::int64_t limit = last ? offset + length_ : std::min(end * hop, offset + length_);
        std::int64_t done = std::max(chunk * chunk_ * hop, offset);
        const auto write = [&] {
            const std::int64_t to = std::min(synthesizer.end(), limit);
            if (to <= done) return;
            std::copy(synthesizer.sums(done), synthesizer.sums(to), next_.data() + (done - offset));
            done = to;
        };
        synthesizer.restart(chunk * chunk_);
        while (synthesizer.next_frame() < end) {
            const std::int64_t t = synthesizer.next_frame();
            const int rows = static_cast<int>(std::min<std::int64_t>(lanes_, end - t));
            make(t, rows);
            synthesizer.add_slot(rows);
            write();
        }
        // What the frames reached over to: the end of the signal, or the next chunk's.
        const std::int64_t reach = end * hop + overlap_;
        std::int64_t tail = end * hop;
        while (tail < reach) {
            synthesizer.add_nothing();
            if (last) {
                write();
            } else {
                const std::int64_t to = std::min(synthesizer.end(), reach);
                std::copy(synthesizer.sums(tail), synthesizer.sums(to),
                          tails_.data() + chunk * overlap_ + (tail - end * hop));
            }
            tail = synthesizer.end();
        }
        if (last && done < limit) std::fill(next_.begin() + (done - offset), next_.end(), 0.0F);
    }

    const Plan& plan_;
    const GriffinLimSettings& settings_;
    std::int64_t lanes_, frames_, length_;
    std::int64_t overlap_;  // samples by which a chunk's frames reach past its own
    std::int64_t chunk_, chunks_, block_floats_;
    LargeFloats goal_, previous_;
    std::vector<float> tails_;
    std::vector<double> distances_;  // of each chunk, where the last round looked
    std::vector<float> signal_, next_;
};

}  // namespace

void griffin_lim(const Plan& plan, const GriffinLimSettings& settings, Frames<const float> magnitude,
                 Frames<const float> initial, std::int64_t signals, std::int64_t frames, float* out,
                 std::ptrdiff_t out_stride, std::int64_t length, int threads) {
    // As many signals at once as there are threads; what threads are left over share a signal's chunks.
    const int across = static_cast<int>(std::min<std::int64_t>(threads, std::max<std::int64_t>(1, signals)));
    const int within = std::max(1, threads / across);
    parallel_for(across, signals, [&] {
        return [&](std::int64_t r) {
            float* samples = out + r * out_stride;
            if (frames == 0 || length == 0) {
                std::fill(samples, samples + length, 0.0F);
                return;
            }
            Reconstruction state(plan, settings, frames, length);
            const auto each_chunk = [&](const auto& body) {
                parallel_for(within, state.chunks(), [&] {
                    return [&, scratch = Reconstruction::Scratch(plan)](std::int64_t c) mutable { body(c, scratch); };
                });
                parallel_for(within, state.chunks(), [&] { return [&](std::int64_t c) { state.finish(c); }; });
                state.swap();
            };
            each_chunk([&](std::int64_t c, auto& scratch) {
                state.start(c, magnitude.data + r * magnitude.signal_stride, magnitude.frame_stride,
                            initial.data == nullptr ? nullptr : initial.data + r * initial.signal_stride,
                            initial.frame_stride, static_cast<std::uint64_t>(r) << 32U, scratch);
            });
            double before = std::numeric_limits<double>::infinity();
            for (int i = 0; i < settings.iterations; ++i) {
                const bool look = settings.least_gain > 0.0F && (i + 1) % rounds_between_looks == 0;
                each_chunk([&](std::int64_t c, auto& scratch) { state.round(c, i == 0, look, scratch); });
                if (!look) continue;
                const double now = state.distance();
                if (now > before * (1.0 - static_cast<double>(settings.least_gain))) break;
                before = now;
            }
            std::copy(state.signal().begin(), state.signal().end(), samples);
        };
    });
}

}  // namespace styleshift
