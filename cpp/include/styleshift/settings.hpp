// What a spectrogram is: the C++ side of styleshift.frontend.SpectrogramConfig.
#pragma once

#include <cstdint>

namespace styleshift {

enum class Window { hann, hamming, blackman, gaussian, sqrt_hann, rectangular };
enum class Compression { none, log1p, log };

// How frames are cut and windowed. Ranges are checked by Plan's constructor.
struct FrameSettings {
    std::int64_t frame_length = 0;  // samples under the window
    std::int64_t hop_length = 0;    // samples from one frame to the next
    std::int64_t fft_length = 0;    // points; the windowed frame is cropped or zero-padded at its end to them
    Window window = Window::hann;   // periodic
    bool center = true;             // frame t is around sample t * hop_length, zeros outside the signal
};

// y = (compress(|X|^power) - mean) / scale, with compress(m) one of
//   none: m    log1p: ln(1 + gain * m)    log: ln(max(m, floor))
struct CompressionSettings {
    Compression kind = Compression::log1p;
    float gain = 1.0F;
    float floor = 1e-5F;
    int power = 1;  // 1 magnitude, 2 power
    float mean = 0.0F;
    float scale = 1.0F;
};

}  // namespace styleshift
