#include "styleshift/streaming.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "blocks.hpp"

namespace styleshift {

struct AnalysisStream::State {
    std::shared_ptr<const Plan> plan;
    std::int64_t channels;
    int threads;
    std::int64_t base = 0;   // the sample that history[c][0] is
    std::int64_t count = 0;  // samples that came in all
    std::int64_t next = 0;   // the next frame to give
    bool finished = false;
    std::vector<std::vector<float>> history;
};

AnalysisStream::AnalysisStream(std::shared_ptr<const Plan> plan, std::int64_t channels, int threads)
    : state_(std::make_unique<State>()) {
    state_->plan = std::move(plan);
    state_->channels = channels;
    state_->threads = threads;
    state_->history.resize(static_cast<std::size_t>(channels));
}

AnalysisStream::~AnalysisStream() = default;

const Plan& AnalysisStream::plan() const { return *state_->plan; }
std::int64_t AnalysisStream::channels() const { return state_->channels; }

void AnalysisStream::push(std::span<const Signal> block) {
    State& s = *state_;
    if (s.finished) throw std::logic_error("the stream has been finished; make a new one");
    if (block.empty()) return;
    for (std::size_t c = 0; c < block.size(); ++c) {
        std::vector<float>& h = s.history[c];
        const std::size_t old = h.size();
        h.resize(old + static_cast<std::size_t>(block[c].count));
        read_samples(block[c], block[c].first, block[c].count, h.data() + old);
    }
    s.count += block[0].count;
}

void AnalysisStream::finish() {
    if (state_->finished) throw std::logic_error("the stream has been finished; make a new one");
    state_->finished = true;
}

std::int64_t AnalysisStream::ready() const {
    const State& s = *state_;
    return (s.finished ? s.plan->frames(s.count) : s.plan->finished_frames(s.count)) - s.next;
}

template <class Write>
void AnalysisStream::take_frames(const Write& write) {
    State& s = *state_;
    const FrameRange range{s.next, s.next + ready()};
    std::vector<Signal> signals;
    for (const std::vector<float>& h : s.history)
        signals.push_back({h.data(), SampleType::float32, sizeof(float), s.base, static_cast<std::int64_t>(h.size())});
    write(signals, range);
    s.next = range.end;
    // What the next frame does not reach back to is not needed any more.
    const std::int64_t keep = s.next * s.plan->settings().hop_length - s.plan->offset();
    const std::int64_t drop = std::clamp<std::int64_t>(keep - s.base, 0, s.count - s.base);
    for (std::vector<float>& h : s.history) h.erase(h.begin(), h.begin() + drop);
    s.base += drop;
}

void AnalysisStream::take_complex(Frames<float> out) {
    take_frames([&](const std::vector<Signal>& signals, FrameRange range) {
        stft(*state_->plan, signals, range, out, state_->threads);
    });
}

void AnalysisStream::take(const CompressionSettings& c, Frames<float> out) {
    take_frames([&](const std::vector<Signal>& signals, FrameRange range) {
        spectrogram(*state_->plan, c, signals, range, out, state_->threads);
    });
}

void AnalysisStream::take(const CompressionSettings& c, Frames<std::uint16_t> out) {
    take_frames([&](const std::vector<Signal>& signals, FrameRange range) {
        spectrogram(*state_->plan, c, signals, range, out, state_->threads);
    });
}

struct SynthesisStream::State {
    std::shared_ptr<const Plan> plan;
    std::int64_t channels;
    std::int64_t length;
    int threads;
    std::int64_t frames = 0;
    std::int64_t given = 0;  // samples
    bool finished = false;
    std::vector<Synthesizer> synthesizers;
    std::vector<std::vector<float>> held;  // samples after those given: final, but maybe past the default length

    // Samples that are final after `n` frames.
    std::int64_t settled(std::int64_t n) const {
        const std::int64_t untouched = n * plan->settings().hop_length - plan->offset();
        return std::clamp<std::int64_t>(untouched, 0, length >= 0 ? length : plan->samples(n));
    }
    // Appends what the synthesizer has ready; `total` is the number of frames, or any larger one while not known.
    void hold(std::size_t c, std::int64_t total) {
        const Synthesizer& synthesizer = synthesizers[c];
        std::vector<float>& h = held[c];
        const std::int64_t from = plan->offset() + given + static_cast<std::int64_t>(h.size());
        if (synthesizer.end() <= from) return;
        const std::size_t old = h.size();
        h.resize(old + static_cast<std::size_t>(synthesizer.end() - from));
        synthesizer.write(from, synthesizer.end(), total, h.data() + old);
    }
    // Moves `count` samples out; what is missing is zero.
    void give(std::size_t c, std::int64_t count, float* out) {
        std::vector<float>& h = held[c];
        const std::int64_t there = std::min(count, static_cast<std::int64_t>(h.size()));
        std::copy(h.begin(), h.begin() + there, out);
        std::fill(out + there, out + count, 0.0F);
        h.erase(h.begin(), h.begin() + there);
    }
    void check_open() const {
        if (finished) throw std::logic_error("the stream has been finished; make a new one");
    }
};

SynthesisStream::SynthesisStream(std::shared_ptr<const Plan> plan, std::int64_t channels, std::int64_t length,
                                 int threads)
    : state_(std::make_unique<State>()) {
    state_->plan = std::move(plan);
    state_->channels = channels;
    state_->length = length;
    state_->threads = threads;
    for (std::int64_t c = 0; c < channels; ++c) state_->synthesizers.emplace_back(*state_->plan);
    state_->held.resize(static_cast<std::size_t>(channels));
}

SynthesisStream::~SynthesisStream() = default;

const Plan& SynthesisStream::plan() const { return *state_->plan; }
std::int64_t SynthesisStream::channels() const { return state_->channels; }

std::int64_t SynthesisStream::push_gives(std::int64_t frames) const {
    return std::max<std::int64_t>(0, state_->settled(state_->frames + frames) - state_->given);
}

std::int64_t SynthesisStream::finish_gives() const {
    const State& s = *state_;
    return (s.length >= 0 ? s.length : s.plan->samples(s.frames)) - s.given;
}

void SynthesisStream::push(Frames<const float> spectra, std::int64_t frames, float* out, std::ptrdiff_t out_stride) {
    State& s = *state_;
    s.check_open();
    // Nothing final is reached by a missing frame, so any larger number of frames gives the same weights.
    constexpr std::int64_t unknown = std::int64_t{1} << 40;
    const std::int64_t end = s.frames + frames, total = push_gives(frames);
    parallel_for(s.threads, s.channels, [&] {
        return [&](std::int64_t channel) {
            const auto c = static_cast<std::size_t>(channel);
            Synthesizer& synthesizer = s.synthesizers[c];
            while (synthesizer.next_frame() < end) {
                const std::int64_t t = synthesizer.next_frame();
                const int rows = static_cast<int>(std::min<std::int64_t>(synthesizer.lanes(), end - t));
                synthesizer.add(spectra.data + channel * spectra.signal_stride + (t - s.frames) * spectra.frame_stride,
                                spectra.frame_stride, rows);
                s.hold(c, unknown);
            }
            s.give(c, total, out + channel * out_stride);
        };
    });
    s.frames = end;
    s.given += total;
}

void SynthesisStream::finish(float* out, std::ptrdiff_t out_stride) {
    State& s = *state_;
    s.check_open();
    const std::int64_t total = finish_gives();
    const std::int64_t before = (s.plan->kept() - 1) / s.plan->settings().hop_length;
    for (std::int64_t channel = 0; channel < s.channels; ++channel) {
        const auto c = static_cast<std::size_t>(channel);
        while (s.synthesizers[c].next_frame() <= s.frames + before) {
            s.synthesizers[c].add_nothing();
            s.hold(c, s.frames);
        }
        s.give(c, total, out + channel * out_stride);
    }
    s.given += total;
    s.finished = true;
}

}  // namespace styleshift
