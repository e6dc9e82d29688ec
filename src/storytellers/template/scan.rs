//! Checks a template's tokens before it is parsed: a template that passes can neither overflow the stack nor build
//! values that grow exponentially.
//!
//! The engine's fuel counts instructions and text. It does not count what a list that holds another list twice, which
//! holds another twice, and so on, costs to compare or to print. So the scan estimates the size of each variable from
//! the variables in its definition. Loops start each round with the variables from outside, except for a
//! `namespace(…)`, whose attributes a round changes for the next; those may become longer, but not nested or doubled.

use std::collections::HashMap;

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::TemplateError;
use super::tokens::{
    Bracket, bracket_depth, filter_factor, is_operator, position_outside_brackets, repetitions,
};

/// The largest template, in bytes: 64 Ki characters of any language.
const MAX_BYTES: usize = 256 << 10;

/// The most tokens (names, values and operators) between `{{` and `}}` or `{%` and `%}`.
const MAX_TAG_TOKENS: usize = 1000;

/// The most brackets inside each other in a tag.
const MAX_BRACKETS: isize = 50;

/// The most blocks inside each other. Each `elif` counts as a block inside the one before.
const MAX_BLOCKS: usize = 100;

/// The largest estimated size of a value.
const MAX_SIZE: u64 = 100_000;

/// The most values and lazy operations inside each other.
const MAX_DEPTH: usize = 1000;

/// Filters whose result is a text or a number, or has no more parts than their input.
const PLAIN_FILTERS: [&str; 17] = [
    "abs",
    "capitalize",
    "d",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "replace",
    "round",
    "string",
    "title",
    "trim",
    "upper",
];

/// Checks a template.
///
/// # Errors
///
/// [`TemplateError`] if it exceeds a limit or its tokens are invalid.
pub(super) fn check(template: &str) -> Result<(), TemplateError> {
    if template.len() > MAX_BYTES {
        return Err(TemplateError::Refused { reason: "it is larger than 256 KiB", line: 1 });
    }
    let mut scan = Scan::default();
    let (mut tag, mut is_in_tag) = (Vec::new(), false);
    for token in tokenize(template, false, SyntaxConfig::default()) {
        let (token, span) = token?;
        scan.offset = usize::try_from(span.start_offset).unwrap_or_default();
        let checked = match token {
            Token::VariableStart | Token::BlockStart => {
                tag.clear();
                is_in_tag = true;
                Ok(())
            }
            Token::VariableEnd => scan.expression(&tag),
            Token::BlockEnd => scan.statement(&tag),
            Token::TemplateData(_) => {
                is_in_tag = false;
                Ok(())
            }
            _ if is_in_tag && tag.len() >= MAX_TAG_TOKENS => {
                Err("a tag has more than 1000 names, values and operators")
            }
            token if is_in_tag => {
                tag.push(token);
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(reason) = checked {
            let before = template.get(..scan.offset).unwrap_or_default();
            return Err(TemplateError::Refused { reason, line: before.matches('\n').count() + 1 });
        }
    }
    Ok(())
}

type Checked<T = ()> = Result<T, &'static str>;

/// What is known about a variable of the template.
#[derive(Debug, Clone, Copy)]
struct Variable {
    /// The estimated size, in units of the frame's own values.
    size: u64,
    /// The estimated number of values and lazy operations inside each other.
    depth: usize,
    /// Whether the value depends on a namespace, so that a loop may feed it back.
    is_carried: bool,
    /// Whether the value has a carried one several times or nested, so that a loop must not feed it back.
    is_compound: bool,
    is_namespace: bool,
}

/// A variable that the frame provides, or a literal.
const GIVEN: Variable =
    Variable { size: 1, depth: 0, is_carried: false, is_compound: false, is_namespace: false };

#[derive(Debug, Default)]
struct Scan<'a> {
    variables: HashMap<&'a str, Variable>,
    /// For each open block, 1 and the number of its `elif`s.
    blocks: Vec<usize>,
    offset: usize,
}

impl<'a> Scan<'a> {
    fn statement(&mut self, tag: &[Token<'a>]) -> Checked {
        let Some(Token::Ident(keyword)) = tag.first() else { return self.expression(tag) };
        let rest = &tag[1..];
        match *keyword {
            "set" => self.set(rest),
            "for" => self.for_loop(rest),
            "with" => {
                self.open_block()?;
                let value = self.value(rest)?;
                for pair in rest.windows(2) {
                    if let [Token::Ident(name), Token::Assign] = pair {
                        self.define(name, value);
                    }
                }
                Ok(())
            }
            "if" | "filter" | "autoescape" => {
                self.open_block()?;
                self.expression(rest)
            }
            "elif" => {
                if let Some(branches) = self.blocks.last_mut() {
                    *branches += 1;
                }
                self.check_blocks()?;
                self.expression(rest)
            }
            "endset" | "endfor" | "endwith" | "endif" | "endfilter" | "endautoescape" => {
                self.blocks.pop();
                Ok(())
            }
            _ => self.expression(rest),
        }
    }

    fn open_block(&mut self) -> Checked {
        self.blocks.push(1);
        self.check_blocks()
    }

    fn check_blocks(&self) -> Checked {
        let depth: usize = self.blocks.iter().sum();
        if depth > MAX_BLOCKS {
            return Err("more than 100 blocks are inside each other, or follow by elif");
        }
        Ok(())
    }

    fn for_loop(&mut self, rest: &[Token<'a>]) -> Checked {
        self.open_block()?;
        let at = rest.iter().position(|token| matches!(token, Token::Ident("in")));
        let (targets, iterated) = rest.split_at(at.unwrap_or(rest.len()));
        if iterated.iter().any(|token| matches!(token, Token::Ident("recursive"))) {
            return Err("recursive loops are not allowed");
        }
        check_brackets(targets)?;
        let item = self.value(iterated)?;
        for target in targets {
            if let Token::Ident(name) = target {
                self.define(name, item);
            }
        }
        Ok(())
    }

    /// Checks `{% set name = value %}`, `{% set namespace.attribute = value %}` and `{% set name %}text{% endset %}`.
    fn set(&mut self, rest: &[Token<'a>]) -> Checked {
        let Some(at) = position_outside_brackets(rest, |token| matches!(token, Token::Assign))
        else {
            self.open_block()?;
            check_brackets(rest)?;
            // What a block collects is text, which the engine counts.
            if let Some(Token::Ident(name)) = rest.first() {
                self.define(name, GIVEN);
            }
            return self.expression(rest.get(1..).unwrap_or_default());
        };
        let (targets, value) = (&rest[..at], &rest[at + 1..]);
        check_brackets(targets)?;
        if let ([Token::Ident(name)], [Token::Ident("namespace"), call @ ..]) = (targets, value) {
            let [Token::ParenOpen, arguments @ .., Token::ParenClose] = call else {
                return Err(NAMESPACE);
            };
            let is_close = |token: &Token<'_>| matches!(token, Token::ParenClose);
            if position_outside_brackets(arguments, is_close).is_some() {
                return Err(NAMESPACE);
            }
            let given = self.value(arguments)?;
            self.check_fed_back(arguments)?;
            let namespace = Variable { is_carried: true, is_namespace: true, ..given };
            self.variables.insert(name, namespace);
            return Ok(());
        }
        let defined = self.value(value)?;
        if let [Token::Ident(namespace), Token::Dot, ..] = targets {
            self.check_fed_back(value)?;
            self.define(namespace, defined);
            return Ok(());
        }
        for target in targets {
            if let Token::Ident(name) = target {
                self.define(name, defined);
            }
        }
        Ok(())
    }

    /// Remembers a variable. Of several definitions of one name, the largest counts.
    fn define(&mut self, name: &'a str, value: Variable) {
        let variable = self.variables.entry(name).or_insert(value);
        variable.size = variable.size.max(value.size);
        variable.depth = variable.depth.max(value.depth);
        variable.is_carried |= value.is_carried;
        variable.is_compound |= value.is_compound;
    }

    fn expression(&self, tokens: &[Token<'a>]) -> Checked {
        self.value(tokens).map(drop)
    }

    /// Estimates the value of an expression: the sum of its parts, times what multiplies them.
    fn value(&self, tokens: &[Token<'a>]) -> Checked<Variable> {
        check_brackets(tokens)?;
        let (mut sum, mut factor, mut inner, mut outer) = (0_u64, 1_u64, 0, 0);
        let mut is_carried = false;
        for (at, token) in tokens.iter().enumerate() {
            match token {
                Token::Ident(name) => {
                    let variable = self.variable(tokens, at, name)?;
                    sum = sum.saturating_add(variable.size);
                    inner = inner.max(variable.depth);
                    is_carried |= variable.is_carried;
                    factor = factor.saturating_mul(filter_factor(tokens, at, name));
                }
                Token::Mul => factor = factor.saturating_mul(repetitions(tokens, at)),
                Token::Plus
                | Token::Pipe
                | Token::ParenOpen
                | Token::BracketOpen
                | Token::BraceOpen => outer += 1,
                Token::Str(_)
                | Token::String(_)
                | Token::Int(_)
                | Token::Int128(_)
                | Token::Float(_) => sum += 1,
                _ => {}
            }
        }
        let size = sum.saturating_mul(factor).max(1);
        if size > MAX_SIZE {
            return Err("a value may become too large, because it repeats other values too often");
        }
        let depth = inner + outer;
        if depth > MAX_DEPTH {
            return Err("a value may become too deep, because it contains others again and again");
        }
        let is_compound = is_carried && self.check_fed_back(tokens).is_err();
        Ok(Variable { size, depth, is_carried, is_compound, is_namespace: false })
    }

    /// Returns what a name at a position of an expression stands for.
    fn variable(&self, tokens: &[Token<'a>], at: usize, name: &str) -> Checked<Variable> {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let is_member = matches!(before, Some(Token::Dot | Token::Pipe));
        // The name of an argument, such as that of `dict(name=value)`.
        let is_argument = matches!(tokens.get(at + 1), Some(Token::Assign));
        if is_member || is_argument {
            return Ok(GIVEN);
        }
        if name == "namespace" {
            return Err(NAMESPACE);
        }
        let variable = self.variables.get(name).copied().unwrap_or(GIVEN);
        if variable.is_namespace && !matches!(tokens.get(at + 1), Some(Token::Dot)) {
            return Err("a namespace can be used by its attributes only");
        }
        Ok(variable)
    }

    /// Checks the value of a namespace's attribute. If it depends on a namespace, a loop may feed it back, so it may
    /// become longer by something else, but may be neither repeated nor put into another value.
    fn check_fed_back(&self, tokens: &[Token<'a>]) -> Checked {
        let reason =
            "a namespace's attribute may be extended (x + [y], x ~ y), but not repeated or nested";
        let variable = |at: usize| match &tokens[at] {
            Token::Ident(name) => self.variable(tokens, at, name),
            _ => Ok(GIVEN),
        };
        let (mut carried, mut adds, mut is_plain) = (0, false, true);
        let mut brackets = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            match token {
                Token::BracketOpen | Token::BraceOpen => {
                    // After a value, `[` takes a part of it, which may be lazy.
                    is_plain &= !matches!(
                        before,
                        Some(Token::Ident(_) | Token::ParenClose | Token::BracketClose)
                    );
                    brackets.push(Bracket::List);
                }
                Token::ParenOpen => {
                    let is_filter = at >= 2 && matches!(&tokens[at - 2], Token::Pipe);
                    let is_call = matches!(before, Some(Token::Ident(name)) if !is_operator(name));
                    is_plain &= is_filter || !is_call;
                    brackets.push(if is_filter { Bracket::Filter } else { Bracket::Group });
                }
                Token::BracketClose | Token::BraceClose | Token::ParenClose => {
                    brackets.pop();
                }
                Token::Mul | Token::Pow => is_plain = false,
                Token::Plus => adds = true,
                // Elsewhere, a comma makes a tuple.
                Token::Comma => {
                    is_plain &= matches!(brackets.last(), Some(Bracket::List | Bracket::Filter));
                }
                Token::Ident(name) if matches!(before, Some(Token::Pipe)) => {
                    is_plain &= PLAIN_FILTERS.contains(name);
                }
                _ => {
                    let variable = variable(at)?;
                    if variable.is_carried {
                        carried += 1;
                        is_plain &= !variable.is_compound && !brackets.contains(&Bracket::List);
                    }
                }
            }
        }
        let is_doubled = carried > 1 && adds;
        if carried > 0 && (!is_plain || is_doubled) { Err(reason) } else { Ok(()) }
    }
}

const NAMESPACE: &str = "write a namespace as {% set name = namespace(…) %}";

fn check_brackets(tokens: &[Token<'_>]) -> Checked {
    if bracket_depth(tokens) > MAX_BRACKETS {
        return Err("more than 50 brackets are inside each other");
    }
    Ok(())
}
