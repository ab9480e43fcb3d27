// SPDX-License-Identifier: Apache-2.0
#include "agent/policy/regex.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace nestor {
namespace {

ByteSet Range(uint8_t low, uint8_t high) {
  ByteSet set;
  for (unsigned byte = low; byte <= high; ++byte) set.set(byte);
  return set;
}

ByteSet Bytes(std::string_view text) {
  ByteSet set;
  for (const char c : text) set.set(static_cast<uint8_t>(c));
  return set;
}

ByteSet Digits() { return Range('0', '9'); }
ByteSet Letters() { return Range('a', 'z') | Range('A', 'Z'); }
ByteSet Words() { return Digits() | Letters() | Bytes("_"); }
ByteSet Spaces() { return Bytes("\t\n\f\r "); }

// `\d` and its kin.
std::optional<ByteSet> ClassOf(char letter) {
  switch (letter) {
    case 'd':
      return Digits();
    case 'D':
      return ~Digits();
    case 'w':
      return Words();
    case 'W':
      return ~Words();
    case 's':
      return Spaces();
    case 'S':
      return ~Spaces();
    default:
      return std::nullopt;
  }
}

// `[:alpha:]` and its kin.
std::optional<ByteSet> PosixClass(std::string_view name) {
  if (name == "alnum") return Digits() | Letters();
  if (name == "alpha") return Letters();
  if (name == "ascii") return Range(0, 127);
  if (name == "blank") return Bytes("\t ");
  if (name == "cntrl") return Range(0, 31) | Range(127, 127);
  if (name == "digit") return Digits();
  if (name == "graph") return Range('!', '~');
  if (name == "lower") return Range('a', 'z');
  if (name == "print") return Range(' ', '~');
  if (name == "punct") return Range('!', '~') & ~(Digits() | Letters());
  if (name == "space") return Spaces() | Bytes("\v");
  if (name == "upper") return Range('A', 'Z');
  if (name == "word") return Words();
  if (name == "xdigit") return Digits() | Range('a', 'f') | Range('A', 'F');
  return std::nullopt;
}

std::optional<uint8_t> ControlByte(char letter) {
  constexpr std::string_view kLetters = "ntrfva", kBytes = "\n\t\r\f\v\a";
  const size_t at = kLetters.find(letter);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<uint8_t>(kBytes[at]);
}

// Both cases of each ASCII letter that is in the set.
ByteSet Folded(ByteSet set) {
  for (unsigned lower = 'a'; lower <= 'z'; ++lower) {
    const unsigned upper = lower - 'a' + 'A';
    if (set[lower] || set[upper]) set.set(lower).set(upper);
  }
  return set;
}

void Append(Pattern& to, const Pattern& more) { to.insert(to.end(), more.begin(), more.end()); }

int32_t Length(const Pattern& pattern) { return static_cast<int32_t>(pattern.size()); }

// A recursive descent over the text; each part becomes items whose jumps stay inside of it.
class RegexParser {
 public:
  explicit RegexParser(std::string_view regex) : text_(regex) {}

  Result<Pattern> Parse() {
    if (text_.empty())
      return Error::InvalidArgument("an empty expression matches an empty text only");
    if (text_.size() > kMaxRegexBytes)
      return Error::InvalidArgument("an expression may have at most " +
                                    std::to_string(kMaxRegexBytes) + " bytes, this one has " +
                                    std::to_string(text_.size()));
    Pattern pattern = Alternatives(0);
    if (!error_ && at_ < text_.size())
      Fail(at_, "`)` without its `(`; write `\\)` for the character");
    if (error_) return *error_;
    return pattern;
  }

 private:
  bool More() const { return !error_ && at_ < text_.size(); }
  bool Next(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  bool Take(std::string_view word) {
    if (!Next(word)) return false;
    at_ += word.size();
    return true;
  }

  Pattern Fail(size_t index, const std::string& reason) {
    if (!error_)
      error_ = Error::InvalidArgument("at character " + std::to_string(index + 1) + ": " + reason);
    return {};
  }

  Pattern Set(ByteSet set) {
    if (fold_case_) set = Folded(set);
    set.reset(0);
    return {OneOf(set)};
  }

  // Whether `more` items would be too many: asked before they are made.
  bool TooLong(size_t items, size_t begin) {
    if (items <= kMaxRegexItems) return false;
    Fail(begin, "the repetitions make this longer than " + std::to_string(kMaxRegexItems) +
                    " steps; lower the numbers in `{…}`");
    return true;
  }

  Pattern Alternatives(size_t depth);
  Pattern Sequence(size_t depth);
  Pattern Atom(size_t depth);
  Pattern Group(size_t depth);
  Pattern Escape();
  Pattern Quoted();
  Pattern Class();
  bool ClassPart(size_t begin, ByteSet& set);
  bool PosixPart(ByteSet& set);
  std::optional<uint8_t> ClassByte(size_t begin);
  std::optional<uint8_t> Hex();
  Pattern Literal();
  Pattern Repeated(Pattern atom, size_t begin);
  bool Times(unsigned& least, std::optional<unsigned>& most);
  Pattern Copies(const Pattern& atom, unsigned least, std::optional<unsigned> most, size_t begin);

  std::string_view text_;
  size_t at_ = 0;
  bool fold_case_ = false;
  std::optional<Error> error_;
};

Pattern RegexParser::Alternatives(size_t depth) {
  const bool fold_case = fold_case_;
  std::vector<Pattern> choices = {Sequence(depth)};
  while (More() && Take("|")) choices.push_back(Sequence(depth));
  fold_case_ = fold_case;  // (?i) ends with its group
  if (error_) return {};
  Pattern all = std::move(choices.back());
  for (size_t i = choices.size() - 1; i-- > 0;) {
    Pattern joined = {Split(Length(choices[i]) + 1)};
    Append(joined, choices[i]);
    joined.push_back(Jump(Length(all)));
    Append(joined, all);
    all = std::move(joined);
  }
  return TooLong(all.size(), 0) ? Pattern() : all;
}

Pattern RegexParser::Sequence(size_t depth) {
  Pattern sequence;
  while (More() && !Next("|") && !Next(")")) {
    const size_t begin = at_;
    if (Take("^") || Take("\\A")) {
      if (begin != 0) Fail(begin, "`^` has a meaning at the very beginning only");
      continue;
    }
    if (Next("$") || Next("\\z")) {
      at_ += Next("$") ? 1 : 2;
      if (at_ != text_.size()) Fail(begin, "`$` has a meaning at the very end only");
      continue;
    }
    if (Take("(?i)")) {
      fold_case_ = true;
      continue;
    }
    Append(sequence, Take("\\Q") ? Quoted() : Repeated(Atom(depth), begin));
    if (TooLong(sequence.size(), begin)) return {};
  }
  return sequence;
}

Pattern RegexParser::Atom(size_t depth) {
  switch (text_[at_]) {
    case '\0':
      return Fail(at_, "a NUL byte can never match");
    case '(':
      return Group(depth);
    case '[':
      return Class();
    case '\\':
      return Escape();
    case '.':
      ++at_;
      return Set(AnyByte());
    case '*':
    case '+':
    case '?':
      return Fail(at_, std::string("nothing stands before `") + text_[at_] +
                           "` to be repeated; write `\\" + text_[at_] + "` for the character");
    case '{': {
      const size_t begin = at_;
      unsigned least = 0;
      std::optional<unsigned> most;
      if (Times(least, most))
        return Fail(begin,
                    "nothing stands before `{` to be repeated; write `\\{` for the character");
      return Literal();
    }
    default:
      return Literal();
  }
}

// A character of several bytes stays together, so that `é+` repeats the whole of it.
Pattern RegexParser::Literal() {
  const auto first = static_cast<uint8_t>(text_[at_]);
  size_t bytes = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  Pattern literal;
  for (; bytes > 0 && at_ < text_.size(); --bytes) {
    const auto byte = static_cast<uint8_t>(text_[at_]);
    if (!literal.empty() && (byte & 0xc0) != 0x80) break;
    ++at_;
    Append(literal, Set(ByteSet().set(byte)));
  }
  return literal;
}

Pattern RegexParser::Group(size_t depth) {
  const size_t begin = at_++;
  if (depth >= kMaxRegexDepth)
    return Fail(begin,
                "groups are nested deeper than " + std::to_string(kMaxRegexDepth) + " levels");
  const bool fold_case = fold_case_;
  for (const std::string_view look : {"?=", "?!", "?<=", "?<!"})
    if (Next(look)) return Fail(begin, "looking ahead or behind is not possible here");
  if (Take("?i:")) {
    fold_case_ = true;
  } else if (Take("?P<")) {
    const size_t end = text_.find('>', at_);
    if (end == std::string_view::npos) return Fail(begin, "the group's name has no `>`");
    at_ = end + 1;
  } else if (Next("?") && !Take("?:")) {
    return Fail(begin,
                "unknown kind of group; known are `(?:…)`, `(?i)`, `(?i:…)` and "
                "`(?P<name>…)`");
  }
  Pattern inside = Alternatives(depth + 1);
  fold_case_ = fold_case;
  if (!error_ && !Take(")"))
    return Fail(begin, "`(` without its `)`; write `\\(` for the character");
  return inside;
}

Pattern RegexParser::Escape() {
  const size_t begin = at_++;
  if (at_ == text_.size()) return Fail(begin, "`\\` must be followed by the character it quotes");
  const char letter = text_[at_++];
  if (const auto set = ClassOf(letter)) return Set(*set);
  if (const auto byte = ControlByte(letter)) return Set(ByteSet().set(*byte));
  if (letter == 'x') {
    const auto byte = Hex();
    return byte ? Set(ByteSet().set(*byte))
                : Fail(begin, "`\\x` is followed by two hex digits, or by some in `{}`, up to ff");
  }
  if (letter >= '0' && letter <= '9')
    return Fail(begin, "back references are not possible: they need more than one look at a byte");
  if (letter == 'b' || letter == 'B')
    return Fail(begin, "word boundaries are not possible here; name the characters around it");
  const bool punctuation = static_cast<uint8_t>(letter) > ' ' &&
                           static_cast<uint8_t>(letter) < 127 &&
                           !Words()[static_cast<uint8_t>(letter)];
  if (!punctuation && letter != '_')
    return Fail(begin,
                "unknown escape; `\\` quotes punctuation and begins `\\d \\w \\s \\x41` and "
                "their kin");
  return Set(ByteSet().set(static_cast<uint8_t>(letter)));
}

// `\Q…\E`: characters as they are. A repetition behind it is the last character's.
Pattern RegexParser::Quoted() {
  const size_t begin = at_;
  Pattern quoted, last;
  while (More() && !Take("\\E")) {
    if (text_[at_] == '\0') return Fail(at_, "a NUL byte can never match");
    Append(quoted, last);
    last = Literal();
  }
  if (last.empty()) return Fail(begin, "nothing stands between `\\Q` and `\\E`");
  Append(quoted, Repeated(std::move(last), begin));
  return quoted;
}

std::optional<uint8_t> RegexParser::Hex() {
  const bool braced = Take("{");
  const size_t end = braced ? text_.find('}', at_) : std::min(at_ + 2, text_.size());
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text_.substr(at_, end - at_);
  unsigned value = 0;
  const char* stop = digits.data() + digits.size();
  const auto [read, error] = std::from_chars(digits.data(), stop, value, 16);
  if (error != std::errc() || read != stop || value > 0xff || (!braced && digits.size() != 2))
    return std::nullopt;
  at_ = end + (braced ? 1 : 0);
  return static_cast<uint8_t>(value);
}

Pattern RegexParser::Class() {
  const size_t begin = at_++;
  const bool negated = Take("^");
  ByteSet set;
  for (bool first = true; !error_; first = false) {
    if (at_ >= text_.size())
      return Fail(begin, "`[` without its `]`; write `\\[` for the character");
    if (!first && Take("]")) break;
    if (!ClassPart(begin, set)) return {};
  }
  if (fold_case_) set = Folded(set);  // before the negation: [^a] is neither a nor A
  if (negated) set.flip();
  set.reset(0);
  if (set.none()) return Fail(begin, "`[…]` matches no character here");
  return {OneOf(set)};
}

// One character, range or class between `[` and `]`.
bool RegexParser::ClassPart(size_t begin, ByteSet& set) {
  if (Next("[:")) return PosixPart(set);
  if (Next("\\") && at_ + 1 < text_.size()) {
    if (const auto known = ClassOf(text_[at_ + 1])) {
      set |= *known;
      at_ += 2;
      return true;
    }
  }
  const size_t from = at_;
  const auto low = ClassByte(begin);
  if (!low) return false;
  uint8_t high = *low;
  if (Next("-") && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
    ++at_;
    const auto end = ClassByte(begin);
    if (!end) return false;
    high = *end;
  }
  if (high < *low) {
    Fail(from, "a range in `[…]` runs backwards");
    return false;
  }
  set |= Range(*low, high);
  return true;
}

bool RegexParser::PosixPart(ByteSet& set) {
  const size_t begin = at_;
  const size_t end = text_.find(":]", at_ + 2);
  std::string_view name;
  if (end != std::string_view::npos) name = text_.substr(begin + 2, end - begin - 2);
  const bool negated = name.starts_with("^");
  const auto known = PosixClass(negated ? name.substr(1) : name);
  if (!known) {
    Fail(begin,
         "unknown class after `[:`; known are alpha, digit, alnum, upper, lower, space, "
         "punct, xdigit, word and their kin, as `[[:alpha:]]`");
    return false;
  }
  // RE2 folds what is named before it is negated: (?i)[[:^lower:]] is no letter at all.
  const ByteSet named = fold_case_ ? Folded(*known) : *known;
  set |= negated ? ~named : named;
  at_ = end + 2;
  return true;
}

std::optional<uint8_t> RegexParser::ClassByte(size_t begin) {
  const size_t from = at_;
  const char c = text_[at_++];
  if (c == '\0' || static_cast<uint8_t>(c) >= 0x80) {
    Fail(from, c == '\0' ? "a NUL byte can never match"
                         : "`[…]` takes ASCII only; write `(é|è)` for other characters");
    return std::nullopt;
  }
  if (c != '\\') return static_cast<uint8_t>(c);
  if (at_ == text_.size()) {
    Fail(begin, "`[` without its `]`");
    return std::nullopt;
  }
  const char letter = text_[at_++];
  if (const auto byte = ControlByte(letter)) return byte;
  if (letter == 'x') {
    const auto byte = Hex();
    if (!byte) Fail(from, "`\\x` is followed by two hex digits, or by some in `{}`, up to ff");
    return byte;
  }
  const auto byte = static_cast<uint8_t>(letter);
  if (byte > ' ' && byte < 127 && (!Words()[byte] || letter == '_')) return byte;
  Fail(from, "unknown escape in `[…]`");
  return std::nullopt;
}

// Not a number of times to RE2: `{03}` stands for itself.
bool HasLeadingZero(const char* at, const char* end) {
  return end - at >= 2 && at[0] == '0' && at[1] >= '0' && at[1] <= '9';
}

// `{2}`, `{2,}`, `{2,5}` at the present place. False: it is none, `{` stands for itself.
bool RegexParser::Times(unsigned& least, std::optional<unsigned>& most) {
  const size_t end = text_.find('}', at_);
  if (!Next("{") || end == std::string_view::npos) return false;
  const char* begin = text_.data() + at_ + 1;
  const char* stop = text_.data() + end;
  auto [at, error] = std::from_chars(begin, stop, least);
  if (HasLeadingZero(begin, at)) return false;
  // Beyond any number is still a number: it is refused as too large, not taken for a literal.
  if (error == std::errc::result_out_of_range) least = kMaxRegexRepeat + 1;
  if (error == std::errc::invalid_argument) return false;
  most = least;
  if (at != stop && *at == ',') {
    most.reset();
    if (++at != stop) {
      unsigned value = 0;
      const auto second = std::from_chars(at, stop, value);
      if (second.ec == std::errc::invalid_argument || HasLeadingZero(at, second.ptr)) return false;
      most = second.ec == std::errc() ? value : kMaxRegexRepeat + 1;
      at = second.ptr;
    }
  }
  if (at != stop) return false;
  at_ = end + 1;
  return true;
}

Pattern RegexParser::Copies(const Pattern& atom, unsigned least, std::optional<unsigned> most,
                            size_t begin) {
  const size_t copies = most ? *most : size_t{least} + 1;
  if (TooLong(copies * (atom.size() + 1), begin)) return {};
  Pattern pattern;
  for (unsigned i = 0; i < least; ++i) Append(pattern, atom);
  if (!most) {
    pattern.push_back(Split(Length(atom) + 1));
    Append(pattern, atom);
    pattern.push_back(Jump(-Length(atom) - 2));
    return pattern;
  }
  const auto step = Length(atom) + 1;
  for (unsigned i = least; i < *most; ++i) {
    pattern.push_back(Split(step * static_cast<int32_t>(*most - i) - 1));
    Append(pattern, atom);
  }
  return pattern;
}

Pattern RegexParser::Repeated(Pattern atom, size_t begin) {
  unsigned least = 1;
  std::optional<unsigned> most = 1;
  const size_t operator_at = at_;
  if (!More()) return atom;
  if (Take("*")) {
    least = 0;
    most.reset();
  } else if (Take("+")) {
    most.reset();
  } else if (Take("?")) {
    least = 0;
  } else if (!Times(least, most)) {
    return atom;
  }
  Take("?");  // as few as possible: the same texts match
  if (least > kMaxRegexRepeat || (most && (*most > kMaxRegexRepeat || *most < least)))
    return Fail(operator_at, "a repetition is {n}, {n,} or {n,m} with n up to m up to " +
                                 std::to_string(kMaxRegexRepeat));
  unsigned unused = 0;
  std::optional<unsigned> unused_too;
  const size_t after = at_;
  if (More() && (Next("*") || Next("+") || Next("?") || Times(unused, unused_too)))
    return Fail(after, "one repetition behind another; put the first into `(…)`");
  const bool one_byte = atom.size() == 1 && atom[0].kind == PatternItem::Kind::kOne;
  if (one_byte && least == 0 && !most) return {RepeatOf(atom[0].bytes)};
  return Copies(atom, least, most, begin);
}

}  // namespace

Result<Pattern> ParseRegex(std::string_view regex) { return RegexParser(regex).Parse(); }

}  // namespace nestor
