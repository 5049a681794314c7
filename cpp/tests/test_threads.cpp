// Every call that takes threads gives the bits that one thread gives; run under ThreadSanitizer too.
#include <memory>
#include <thread>

#include "check.hpp"
#include "signals.hpp"
#include "styleshift/phase.hpp"
#include "styleshift/simd.hpp"
#include "styleshift/streaming.hpp"

using namespace styleshift;

namespace {

constexpr std::int64_t channels = 3, length = 20000;

struct Results {
    std::vector<float> spectrum, log, samples, streamed, reconstructed, integrated;
    std::vector<std::uint16_t> half;
    bool operator==(const Results&) const = default;
};

Results compute(const std::shared_ptr<const Plan>& plan, const std::vector<float>& x, int threads) {
    std::vector<Signal> inputs;
    for (std::int64_t c = 0; c < channels; ++c)
        inputs.push_back({x.data() + c * length, SampleType::float32, sizeof(float), 0, length});
    const std::int64_t frames = plan->frames(length), bins = plan->bins();
    const auto values = static_cast<std::size_t>(channels * frames * bins);
    Results r;
    r.spectrum.resize(2 * values);
    stft(*plan, inputs, {0, frames}, {r.spectrum.data(), 2 * frames * bins, 2 * bins}, threads);
    CompressionSettings c;
    r.half.resize(values);
    spectrogram(*plan, c, inputs, {0, frames}, Frames<std::uint16_t>{r.half.data(), frames * bins, bins}, threads);
    c.kind = Compression::none;
    r.log.resize(values);
    spectrogram(*plan, c, inputs, {0, frames}, Frames<float>{r.log.data(), frames * bins, bins}, threads);
    r.samples.resize(static_cast<std::size_t>(channels * length));
    const Frames<const float> rows{r.spectrum.data(), 2 * frames * bins, 2 * bins};
    istft(*plan, rows, channels, frames, r.samples.data(), length, length, threads);
    SynthesisStream stream(plan, channels, length, threads);
    r.streamed.resize(r.samples.size());
    const std::int64_t first = stream.push_gives(frames);
    stream.push(rows, frames, r.streamed.data(), length);
    stream.finish(r.streamed.data() + first, length);
    const Frames<const float> magnitude{r.log.data(), frames * bins, bins};
    r.reconstructed.resize(r.samples.size());
    griffin_lim(*plan, {2, 0.9F, 1}, magnitude, {}, channels, frames, r.reconstructed.data(), length, length, threads);
    r.integrated.resize(r.spectrum.size());
    pghi(*plan, {}, magnitude, channels, frames, {r.integrated.data(), 2 * frames * bins, 2 * bins}, threads);
    return r;
}

}  // namespace

int main() {
    const std::vector<float> x = signals::noise(static_cast<std::size_t>(channels * length));
    for (const std::string& variant : available_variants()) {
        select_variant(variant);
        const auto plan = std::make_shared<const Plan>(FrameSettings{64, 16, 64, Window::hann, true});
        const Results one = compute(plan, x, 1);
        CHECK(one.streamed == one.samples);
        for (const int threads : {2, 5}) CHECK(compute(plan, x, threads) == one);
        // Callers' own threads may share a plan.
        Results a, b;
        std::thread other([&] { a = compute(plan, x, 2); });
        b = compute(plan, x, 2);
        other.join();
        CHECK(a == one && b == one);
    }
    return check::result();
}
