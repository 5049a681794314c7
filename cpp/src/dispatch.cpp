#include "dispatch.hpp"

#include <atomic>
#include <stdexcept>

#include "styleshift/simd.hpp"

namespace styleshift {
namespace {

struct Variant {
    const kernel::Kernels& (*kernels)();
    bool (*supported)();
};

// Slowest first. Each test names every instruction set that its file is compiled with (CMakeLists.txt).
const Variant variants[] = {
    {baseline::kernels, [] { return true; }},
#ifdef STYLESHIFT_X86_VARIANTS
    {avx2::kernels,
     [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"); }},
    {avx512::kernels,
     [] {
         return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
     }},
#endif
};

const kernel::Kernels* fastest() {
    const kernel::Kernels* best = nullptr;
    for (const Variant& v : variants)
        if (v.supported()) best = &v.kernels();
    return best;
}

std::atomic<const kernel::Kernels*>& active() {
    static std::atomic<const kernel::Kernels*> chosen{fastest()};
    return chosen;
}

std::string join(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return all;
}

}  // namespace

const kernel::Kernels& active_kernels() { return *active().load(std::memory_order_relaxed); }

std::vector<std::string> compiled_variants() {
    std::vector<std::string> names;
    for (const Variant& v : variants) names.emplace_back(v.kernels().name);
    return names;
}

std::vector<std::string> available_variants() {
    std::vector<std::string> names;
    for (const Variant& v : variants)
        if (v.supported()) names.emplace_back(v.kernels().name);
    return names;
}

std::string chosen_variant() { return active_kernels().name; }

void select_variant(const std::string& name) {
    for (const Variant& v : variants) {
        if (v.kernels().name == name && v.supported()) {
            active() = &v.kernels();
            return;
        }
    }
    throw std::invalid_argument("SIMD variant is '" + name + "'; this machine and build have " +
                                join(available_variants()));
}

}  // namespace styleshift
