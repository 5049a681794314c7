// Random numbers by counter: the same for any order of evaluation, so for any number of threads.
#pragma once

#include <cstdint>

namespace styleshift {

// SplitMix64's mixing of a seed and an index (Steele, Lea, Flood 2014).
inline std::uint64_t random_bits(std::uint64_t seed, std::uint64_t index) {
    std::uint64_t z = seed * 0xd1342543de82ef95U + (index + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

// Uniform in [0, 2 pi).
inline float random_angle(std::uint64_t seed, std::uint64_t index) {
    return static_cast<float>(random_bits(seed, index) >> 40U) * (6.28318530717958648F / 16777216.0F);
}

}  // namespace styleshift
