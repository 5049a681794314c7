// Does inside the library what the sanitizer must catch; the test passes when its report is seen. So a build
// whose flags reached the tests but not the library fails.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>

#include "signals.hpp"
#include "styleshift/streaming.hpp"

using namespace styleshift;

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";
    const auto plan = std::make_shared<const Plan>(FrameSettings{64, 16, 64, Window::hann, true});
    if (std::strcmp(what, "address") == 0) {
        const std::vector<float> x(1000);
        Signal signal = signals::view(x);
        signal.count = 1100;  // a hundred samples more than there are
        std::vector<float> out(static_cast<std::size_t>(2 * plan->bins() * plan->frames(1100)));
        stft(*plan, {&signal, 1}, {0, plan->frames(1100)}, {out.data(), 0, 2 * plan->bins()}, 1);
    } else if (std::strcmp(what, "undefined") == 0) {
        volatile std::int64_t frames = std::numeric_limits<std::int64_t>::max();
        volatile std::int64_t samples = plan->samples(frames);  // the product overflows
        (void)samples;
    } else if (std::strcmp(what, "thread") == 0) {
        AnalysisStream stream(plan, 1, 1);  // one stream, pushed to by two threads at once
        const std::vector<float> x(1000);
        const Signal signal = signals::view(x);
        std::thread other([&] { stream.push({&signal, 1}); });
        stream.push({&signal, 1});
        other.join();
    } else {
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
