// The only file that knows Python. styleshift/frontend checks every value; here arrays become pointers, and
// the interpreter's lock is released while the library computes.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <complex>

#include <string>
#include <vector>

#include "styleshift/plan.hpp"
#include "styleshift/simd.hpp"
#include "styleshift/transform.hpp"

namespace py = pybind11;
using namespace styleshift;

namespace {

template <class Enum>
Enum pick(const char* what, const std::string& name, std::initializer_list<std::pair<const char*, Enum>> choices) {
    std::string all;
    for (const auto& [word, value] : choices) {
        if (name == word) return value;
        all += (all.empty() ? "" : ", ") + std::string(word);
    }
    throw std::invalid_argument(std::string(what) + " is '" + name + "'; it may be " + all);
}

Plan make_plan(std::int64_t frame_length, std::int64_t hop_length, std::int64_t fft_length, const std::string& window,
               bool center) {
    return Plan({frame_length, hop_length, fft_length,
                 pick<Window>("window", window,
                              {{"hann", Window::hann},
                               {"hamming", Window::hamming},
                               {"blackman", Window::blackman},
                               {"gaussian", Window::gaussian},
                               {"sqrt_hann", Window::sqrt_hann},
                               {"rectangular", Window::rectangular}}),
                 center});
}

CompressionSettings make_compression(const std::string& kind, double gain, double floor, int power, double mean,
                                     double scale) {
    return {pick<Compression>("compression", kind,
                              {{"none", Compression::none}, {"log1p", Compression::log1p}, {"log", Compression::log}}),
            static_cast<float>(gain),
            static_cast<float>(floor),
            power,
            static_cast<float>(mean),
            static_cast<float>(scale)};
}

SampleType sample_type(const py::array& a) {
    if (py::isinstance<py::array_t<float>>(a)) return SampleType::float32;
    if (py::isinstance<py::array_t<double>>(a)) return SampleType::float64;
    if (py::isinstance<py::array_t<std::int16_t>>(a)) return SampleType::int16;
    throw std::invalid_argument("samples must be float32, float64 or int16");
}

// One Signal for each row of a [rows, samples] array of any strides.
std::vector<Signal> signals_of(const py::array& samples) {
    if (samples.ndim() != 2) throw std::invalid_argument("samples must have two axes here");
    std::vector<Signal> signals;
    const SampleType type = sample_type(samples);
    for (py::ssize_t r = 0; r < samples.shape(0); ++r)
        signals.push_back({static_cast<const char*>(samples.data()) + r * samples.strides(0), type, samples.strides(1),
                           0, samples.shape(1)});
    return signals;
}

template <class T>
using Contiguous = py::array_t<T, py::array::c_style>;

using Complex64 = std::complex<float>;

Contiguous<Complex64> py_stft(const Plan& plan, const py::array& samples, int threads) {
    const std::vector<Signal> signals = signals_of(samples);
    const std::int64_t frames = plan.frames(samples.shape(1)), bins = plan.bins();
    Contiguous<Complex64> out({static_cast<py::ssize_t>(signals.size()), frames, bins});
    auto* data = reinterpret_cast<float*>(out.mutable_data());
    const py::gil_scoped_release unlocked;
    stft(plan, signals, {0, frames}, {data, 2 * frames * bins, 2 * bins}, threads);
    return out;
}

// out: float32, or float16 seen as uint16.
template <class T>
void py_spectrogram(const Plan& plan, const CompressionSettings& c, const py::array& samples, Contiguous<T>& out,
                    int threads) {
    const std::vector<Signal> signals = signals_of(samples);
    const std::int64_t frames = plan.frames(samples.shape(1)), bins = plan.bins();
    if (out.ndim() != 3 || out.shape(0) != samples.shape(0) || out.shape(1) != frames || out.shape(2) != bins)
        throw std::invalid_argument("out has the wrong shape");
    T* data = out.mutable_data();
    const py::gil_scoped_release unlocked;
    spectrogram(plan, c, signals, {0, frames}, Frames<T>{data, frames * bins, bins}, threads);
}

Contiguous<float> py_istft(const Plan& plan, const Contiguous<Complex64>& spectrum, std::int64_t length, int threads) {
    if (spectrum.ndim() != 3 || spectrum.shape(2) != plan.bins())
        throw std::invalid_argument("spectrum must be [rows, frames, bins] here");
    const std::int64_t rows = spectrum.shape(0), frames = spectrum.shape(1), bins = plan.bins();
    Contiguous<float> out({rows, length});
    float* data = out.mutable_data();
    const auto* bins_data = reinterpret_cast<const float*>(spectrum.data());
    const py::gil_scoped_release unlocked;
    istft(plan, {bins_data, 2 * frames * bins, 2 * bins}, rows, frames, data, length, length, threads);
    return out;
}

template <auto function>
Contiguous<float> elementwise(const CompressionSettings& c, const Contiguous<float>& in, int threads) {
    Contiguous<float> out(std::vector<py::ssize_t>(in.shape(), in.shape() + in.ndim()));
    const float* from = in.data();
    float* to = out.mutable_data();
    const std::int64_t count = in.size();
    const py::gil_scoped_release unlocked;
    function(c, from, count, to, threads);
    return out;
}

}  // namespace

PYBIND11_MODULE(_native, m) {
    m.doc() = "Native front end of styleshift; use styleshift.frontend.";

    py::class_<Plan>(m, "Plan")
        .def(py::init(&make_plan), py::arg("frame_length"), py::arg("hop_length"), py::arg("fft_length"),
             py::arg("window"), py::arg("center"))
        .def("frames", &Plan::frames)
        .def("samples", &Plan::samples);
    py::class_<CompressionSettings>(m, "Compression")
        .def(py::init(&make_compression), py::arg("kind"), py::arg("gain"), py::arg("floor"), py::arg("power"),
             py::arg("mean"), py::arg("scale"));

    m.def("stft", &py_stft);
    m.def("spectrogram_float32", &py_spectrogram<float>);
    m.def("spectrogram_float16", &py_spectrogram<std::uint16_t>);
    m.def("istft", &py_istft);
    m.def("compress", &elementwise<compress>);
    m.def("expand", &elementwise<expand>);

    m.def("available_variants", &available_variants);
    m.def("compiled_variants", &compiled_variants);
    m.def("chosen_variant", &chosen_variant);
    m.def("select_variant", &select_variant);
    py::dict build;
    build["compiler"] = STYLESHIFT_COMPILER;
    build["flags"] = STYLESHIFT_FLAGS;
    build["avx2_flags"] = STYLESHIFT_AVX2_FLAGS;
    build["avx512_flags"] = STYLESHIFT_AVX512_FLAGS;
    build["sanitizer"] = STYLESHIFT_SANITIZER;
    m.attr("build") = build;
}
