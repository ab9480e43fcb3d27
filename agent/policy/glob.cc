// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/glob.h"

#include <string>

namespace nestor {
namespace {

Error At(size_t index, const std::string& reason) {
  return Error::InvalidArgument("at character " + std::to_string(index + 1) + ": " + reason);
}

class GlobParser {
 public:
  GlobParser(std::string_view glob, GlobKind kind) : glob_(glob) {
    component_ = AnyByteBut('\0');
    if (kind == GlobKind::kPath) component_.reset('/');
  }

  Result<Pattern> Parse() {
    if (glob_.empty()) return Error::InvalidArgument("an empty pattern matches nothing");
    if (glob_.size() > kMaxGlobBytes)
      return Error::InvalidArgument("a pattern may have at most " + std::to_string(kMaxGlobBytes) +
                                    " bytes, this one has " + std::to_string(glob_.size()));
    while (at_ < glob_.size())
      if (Status step = ParseItem(); !step) return step.error();
    return std::move(pattern_);
  }

 private:
  Status ParseItem() {
    switch (glob_[at_]) {
      case '\0':
        return At(at_, "a NUL byte can never match");
      case '*':
        return ParseStars();
      case '?':
        pattern_.push_back(OneOf(component_));
        ++at_;
        return {};
      case '[':
        return ParseSet();
      case '\\':
        if (at_ + 1 == glob_.size() || glob_[at_ + 1] == '\0')
          return At(at_, "`\\` must be followed by the character that it quotes");
        ++at_;
        break;
      default:
        break;
    }
    pattern_.push_back(OneByte(static_cast<uint8_t>(glob_[at_++])));
    return {};
  }

  Status ParseStars() {
    const size_t begin = at_;
    while (at_ < glob_.size() && glob_[at_] == '*') ++at_;
    const size_t stars = at_ - begin;
    if (stars > 2) return At(begin, "`***` has no meaning; `**` crosses path components");
    if (stars == 1) {
      pattern_.push_back(RepeatOf(component_));
      return {};
    }
    const bool whole_component = (begin == 0 || glob_[begin - 1] == '/') && at_ < glob_.size() &&
                                 glob_[at_] == '/' && !component_['/'];
    if (whole_component && begin > 0) {  // `/**/`: any number of components, also none
      pattern_.push_back(MaySkip(2));
      pattern_.push_back(RepeatOf(AnyByteBut('\0')));
      pattern_.push_back(OneByte('/'));
      ++at_;
      return {};
    }
    pattern_.push_back(RepeatOf(AnyByteBut('\0')));
    return {};
  }

  Status ParseSet() {
    const size_t begin = at_++;
    const bool negated = at_ < glob_.size() && (glob_[at_] == '!' || glob_[at_] == '^');
    if (negated) ++at_;
    ByteSet set;
    for (bool first = true;; first = false) {
      if (at_ >= glob_.size())
        return At(begin, "`[` without its `]`; write `\\[` for the character");
      if (glob_[at_] == ']' && !first) break;
      const Result<uint8_t> low = SetByte(begin);
      if (!low) return low.error();
      uint8_t high = *low;
      if (at_ + 1 < glob_.size() && glob_[at_] == '-' && glob_[at_ + 1] != ']') {
        ++at_;
        const Result<uint8_t> end = SetByte(begin);
        if (!end) return end.error();
        high = *end;
      }
      if (high < *low) return At(begin, "a range in `[…]` runs backwards");
      for (unsigned byte = *low; byte <= high; ++byte) set.set(byte);
    }
    ++at_;  // the ]
    set = (negated ? ~set : set) & component_;
    if (set.none()) return At(begin, "`[…]` matches no character here");
    pattern_.push_back(OneOf(set));
    return {};
  }

  Result<uint8_t> SetByte(size_t begin) {
    if (glob_[at_] == '\\') ++at_;
    if (at_ >= glob_.size() || glob_[at_] == '\0') return At(begin, "`[` without its `]`");
    return static_cast<uint8_t>(glob_[at_++]);
  }

  std::string_view glob_;
  size_t at_ = 0;
  ByteSet component_;
  Pattern pattern_;
};

}  // namespace

Result<Pattern> ParseGlob(std::string_view glob, GlobKind kind) {
  return GlobParser(glob, kind).Parse();
}

}  // namespace nestor
