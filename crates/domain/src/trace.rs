//! Trace context, which links spans across processes.

use std::fmt;

/// The parent of a span, as the header `traceparent` of W3C Trace Context carries it
/// (<https://www.w3.org/TR/trace-context/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// The id of the trace; never zero.
    pub trace_id: u128,
    /// The id of the parent span; never zero.
    pub span_id: u64,
    /// Whether the trace is recorded.
    pub is_sampled: bool,
}

impl TraceParent {
    /// Parses `00-<trace id>-<span id>-<flags>`, each in lower-case hexadecimal digits. Returns `None` for any other
    /// text. Later versions of the standard may add fields; those are ignored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = parse_hex(parts.next()?, 2)?;
        let trace_id = parse_hex(parts.next()?, 32)?;
        let span_id = parse_hex(parts.next()?, 16)? as u64;
        let flags = parse_hex(parts.next()?, 2)?;
        let is_known = version != 0xff && (version > 0 || parts.next().is_none());
        let has_ids = trace_id != 0 && span_id != 0;
        (is_known && has_ids).then_some(Self { trace_id, span_id, is_sampled: flags & 1 == 1 })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, is_sampled } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{:02x}", u8::from(*is_sampled))
    }
}

fn parse_hex(part: &str, digits: usize) -> Option<u128> {
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let is_lower_hex = part.len() == digits && part.bytes().all(is_digit);
    if is_lower_hex { u128::from_str_radix(part, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_standards_example_is_read_and_written() {
        let parent = TraceParent::parse(EXAMPLE).expect("the standard's own");
        assert_eq!(parent.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!((parent.span_id, parent.is_sampled), (0x00f0_67aa_0ba9_02b7, true));
        assert_eq!(parent.to_string(), EXAMPLE);
        let later = format!("cc{}-what-the-future-holds", &EXAMPLE[2..]);
        assert_eq!(TraceParent::parse(&later), Some(parent));
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        let zeros = "0".repeat(32);
        for bad in [
            "",
            "00",
            &EXAMPLE.to_uppercase(),
            &format!("{EXAMPLE}-00"),
            &format!(" {EXAMPLE}"),
            &format!("ff{}", &EXAMPLE[2..]),
            &EXAMPLE[..54],
            &EXAMPLE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &zeros),
            &EXAMPLE.replace("00f067aa0ba902b7", &zeros[..16]),
            &EXAMPLE.replace("4bf9", "+bf9"),
            &EXAMPLE.replace("4bf9", "\u{e9}f9"),
        ] {
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_place_survives_the_wire(trace_id in 1u128.., span_id in 1u64.., is_sampled: bool) {
            let parent = TraceParent { trace_id, span_id, is_sampled };
            prop_assert_eq!(TraceParent::parse(&parent.to_string()), Some(parent));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = TraceParent::parse(&text);
        }
    }
}
