// Streams give the bits of the one-shot calls, whatever the blocks.
#include <algorithm>
#include <memory>
#include <stdexcept>

#include "check.hpp"
#include "signals.hpp"
#include "styleshift/simd.hpp"
#include "styleshift/streaming.hpp"

using namespace styleshift;

namespace {

const FrameSettings settings[] = {
    {615, 205, 512, Window::hann, true}, {64, 16, 64, Window::hann, false},       {64, 60, 64, Window::hann, true},
    {31, 3, 45, Window::hann, true},     {40, 32, 37, Window::rectangular, true}, {300, 5, 300, Window::hann, true},
};

void analysis(const FrameSettings& s, std::size_t block) {
    const auto plan = std::make_shared<const Plan>(s);
    const std::vector<float> x = signals::noise(5000);
    const std::vector<float> whole = signals::stft(*plan, x);
    std::vector<float> got(whole.size());
    AnalysisStream stream(plan, 1, 1);
    std::int64_t frames = 0;
    const auto take = [&] {
        const std::int64_t n = stream.ready();
        CHECK(static_cast<std::size_t>(2 * plan->bins() * (frames + n)) <= whole.size());
        stream.take_complex({got.data() + 2 * plan->bins() * frames, 0, 2 * plan->bins()});
        frames += n;
    };
    for (std::size_t i = 0; i < x.size(); i += block) {
        const std::vector<float> part(x.begin() + static_cast<std::ptrdiff_t>(i),
                                      x.begin() + static_cast<std::ptrdiff_t>(std::min(x.size(), i + block)));
        const Signal signal = signals::view(part);
        stream.push({&signal, 1});
        take();
    }
    stream.finish();
    take();
    CHECK(frames == plan->frames(5000));
    CHECK(got == whole);
    CHECK_THROWS(std::logic_error, stream.finish(), "finished");
}

void synthesis(const FrameSettings& s, std::int64_t block, std::int64_t length) {
    const auto plan = std::make_shared<const Plan>(s);
    const std::vector<float> spectrum = signals::stft(*plan, signals::noise(5000));
    const std::int64_t bins = plan->bins(), frames = static_cast<std::int64_t>(spectrum.size()) / (2 * bins);
    const std::int64_t total = length >= 0 ? length : plan->samples(frames);
    std::vector<float> got;
    SynthesisStream stream(plan, 1, length, 1);
    for (std::int64_t t = 0; t < frames; t += block) {
        const std::int64_t n = std::min(block, frames - t);
        std::vector<float> out(static_cast<std::size_t>(stream.push_gives(n)));
        stream.push({spectrum.data() + 2 * bins * t, 0, 2 * bins}, n, out.data(), 0);
        got.insert(got.end(), out.begin(), out.end());
    }
    std::vector<float> out(static_cast<std::size_t>(stream.finish_gives()));
    stream.finish(out.data(), 0);
    got.insert(got.end(), out.begin(), out.end());
    CHECK(got == signals::istft(*plan, spectrum, total));
}

}  // namespace

int main() {
    for (const std::string& variant : available_variants()) {
        select_variant(variant);
        for (const FrameSettings& s : settings) {
            for (const std::size_t block : {1U, 7U, 333U, 5000U}) analysis(s, block);
            for (const std::int64_t block : {1, 3, 16, 37, 100000})
                for (const std::int64_t length : {-1, 0, 1000, 5000, 9000}) synthesis(s, block, length);
        }
    }
    return check::result();
}
