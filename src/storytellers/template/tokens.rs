//! Reads the tokens of a template's tag.

use minijinja::machinery::Token;

/// The estimated factor by which an operation may multiply a value if the template does not say.
const UNKNOWN_FACTOR: u64 = 1000;

/// Returns whether a name is an operator, after which `(` does not begin a call.
pub(super) fn is_operator(name: &str) -> bool {
    matches!(name, "and" | "or" | "not" | "in" | "is" | "if" | "else")
}

/// An open bracket of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    /// `[` or `{`: a list, a map, or a part of a value.
    List,
    /// The arguments of a filter.
    Filter,
    /// Any other `(`.
    Group,
}

const fn depth_change(token: &Token<'_>) -> isize {
    match token {
        Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => 1,
        Token::ParenClose | Token::BracketClose | Token::BraceClose => -1,
        _ => 0,
    }
}

/// Returns the most brackets that are inside each other.
pub(super) fn bracket_depth(tokens: &[Token<'_>]) -> isize {
    let mut depth = 0;
    let depths = tokens.iter().map(|token| {
        depth += depth_change(token);
        depth
    });
    depths.max().unwrap_or_default()
}

/// Returns the first position outside all brackets whose token fulfils a condition.
pub(super) fn position_outside_brackets(
    tokens: &[Token<'_>],
    is_wanted: impl Fn(&Token<'_>) -> bool,
) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().position(|token| {
        let is_outside = depth == 0;
        depth += depth_change(token);
        is_outside && is_wanted(token)
    })
}

/// Returns how often `*` at a position may repeat a list.
pub(super) fn repetitions(tokens: &[Token<'_>], at: usize) -> u64 {
    let sides = [at.checked_sub(1), Some(at + 1)];
    let numbers = sides.into_iter().flatten().filter_map(|side| match tokens.get(side) {
        Some(Token::Int(number)) => Some(*number),
        _ => None,
    });
    numbers.max().unwrap_or(UNKNOWN_FACTOR).max(1)
}

/// Returns by how much a filter may multiply its arguments: it uses each argument after the first for every item.
pub(super) fn filter_factor(tokens: &[Token<'_>], at: usize, name: &str) -> u64 {
    let is_filter = at.checked_sub(1).is_some_and(|before| matches!(tokens[before], Token::Pipe));
    if !is_filter || !matches!(name, "map" | "batch" | "slice" | "select" | "reject") {
        return 1;
    }
    let Some([Token::ParenOpen, arguments @ ..]) = tokens.get(at + 1..) else { return 1 };
    let end = position_outside_brackets(arguments, |token| matches!(token, Token::ParenClose));
    let arguments = &arguments[..end.unwrap_or(arguments.len())];
    let has_several = arguments.iter().any(|token| matches!(token, Token::Comma));
    if has_several { UNKNOWN_FACTOR } else { 1 }
}
