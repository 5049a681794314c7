// No call holds more than 4 MiB of scratch, whatever the length of the signal, at the sizes that docs/explanation/front-end.md promises.
#include "check.hpp"
#include "parallel.hpp"
#include "signals.hpp"
#include "styleshift/simd.hpp"

using namespace styleshift;

namespace {

constexpr double limit = 4.0 * 1024 * 1024;

const FrameSettings promised[] = {
    {512, 1, 512, Window::hann, true},           {615, 205, 512, Window::hann, true},
    {2048, 1, 2048, Window::hann, true},         {4096, 1024, 4096, Window::hann, true},
    {65536, 1, 65536, Window::hann, true},       {65536, 16384, 65536, Window::hann, true},
    {131072, 32768, 131072, Window::hann, true}, {96000, 24000, 96000, Window::hann, true},
    {900, 1, 900, Window::hann, true},           {15000, 3750, 15000, Window::hann, true},
    {2205, 441, 2205, Window::hann, true},       {997, 100, 997, Window::hann, true},
};

template <class F>
double most_scratch(F&& call) {
    CHECK(scratch_bytes == 0);
    most_scratch_bytes = 0;
    call();
    CHECK(scratch_bytes == 0);
    return static_cast<double>(most_scratch_bytes);
}

void scratch_is_small(const FrameSettings& s) {
    const Plan plan(s);
    const std::vector<float> x = signals::noise(static_cast<std::size_t>(s.fft_length + 19 * s.hop_length));
    std::vector<float> spectrum;
    CHECK_BELOW(most_scratch([&] { spectrum = signals::stft(plan, x); }), limit);
    const auto length = static_cast<std::int64_t>(x.size());
    CHECK_BELOW(most_scratch([&] { (void)signals::istft(plan, spectrum, length); }), limit);
    const std::int64_t frames = plan.frames(length), bins = plan.bins();
    std::vector<float> log(static_cast<std::size_t>(frames * bins));
    const Signal signal = signals::view(x);
    const auto compressed = [&] {
        spectrogram(plan, {}, {&signal, 1}, {0, frames}, Frames<float>{log.data(), 0, bins}, 1);
    };
    CHECK_BELOW(most_scratch(compressed), limit);
}

}  // namespace

int main() {
    for (const std::string& variant : available_variants()) {
        select_variant(variant);
        for (const FrameSettings& s : promised) {
            FrameSettings few = s;
            // Without centring there are 20 frames, and not one for every sample.
            few.center = false;
            scratch_is_small(few);
        }
    }
    return check::result();
}
