// The little that these tests need of a framework.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace check {

inline int failures = 0;

inline void that(bool ok, const char* text, const char* file, int line) {
    if (ok) return;
    ++failures;
    std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
}

inline void below(double value, double limit, const char* text, const char* file, int line) {
    if (value < limit) return;  // false for NaN
    ++failures;
    std::fprintf(stderr, "%s:%d: %s is %g, not below %g\n", file, line, text, value, limit);
}

template <class Exception, class F>
void throws(F&& f, const std::string& words, const char* file, int line) {
    try {
        f();
    } catch (const Exception& e) {
        if (std::string(e.what()).find(words) != std::string::npos) return;
        std::fprintf(stderr, "%s:%d: the message is '%s', without '%s'\n", file, line, e.what(), words.c_str());
        ++failures;
        return;
    }
    std::fprintf(stderr, "%s:%d: nothing was thrown\n", file, line);
    ++failures;
}

inline int result() { return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE; }

}  // namespace check

#define CHECK(expression) check::that((expression), #expression, __FILE__, __LINE__)
#define CHECK_BELOW(value, limit) check::below((value), (limit), #value, __FILE__, __LINE__)
#define CHECK_THROWS(exception, expression, words) \
    check::throws<exception>([&] { (void)(expression); }, (words), __FILE__, __LINE__)
