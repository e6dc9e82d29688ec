//! How a call can fail, and what follows from it: what may pass is tried again, what may not goes to the next model
//! of the chain, and either is told in words for people who look at a story.

use std::time::Duration;

/// The longest part of a provider's own message that is repeated, in characters.
const MAX_MESSAGE: usize = 200;

/// The longest word of such a message, in characters.
const MAX_WORD: usize = 60;

/// Why a provider gave no answer. Its text follows the provider's name: "OpenAI did not answer in time".
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// There is no key, no address, or no such provider.
    #[error("is not configured")]
    NotConfigured,
    /// The provider is there, and does not do this.
    #[error("does not do this")]
    Unsupported,
    /// The provider's rules forbid an answer to this prompt.
    #[error("refused the content of the request")]
    ContentRefused,
    /// It wrote what is not fit for everybody.
    #[error("wrote what is not fit for everybody")]
    ContentFlagged,
    /// The key is not accepted. The provider's message is left out: some repeat the key.
    #[error("did not accept its key")]
    InvalidKey,
    /// The request was wrong; asked again it would be wrong again.
    #[error("refused the request: {0}")]
    Rejected(String),
    /// Too much was asked at once, or more than is paid for.
    #[error("is asked too much at the moment")]
    Busy {
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// It cannot be reached, or broke while it answered.
    #[error("failed: {reason}")]
    Unavailable {
        /// What happened, without addresses and keys.
        reason: String,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// It took longer than the deadline.
    #[error("did not answer in time")]
    TimedOut,
    /// It answered, but nothing can be made of it.
    #[error("gave an answer that cannot be used: {0}")]
    InvalidResponse(String),
    /// It answered with more than anyone reads.
    #[error("gave an answer of over {0} MiB")]
    TooLarge(usize),
    /// The day's budget does not allow the call.
    #[error("was not asked, because today's budget of {scope} is used up")]
    OverBudget {
        /// Whose budget: `the installation`, `the flock NAME` or `the Sparrow`.
        scope: String,
    },
    /// It failed so often lately that it is left alone for a while.
    #[error("was not asked, because it failed several times in a row")]
    CircuitOpen,
    /// Something here broke.
    #[error("could not be asked: {0}")]
    Internal(String),
}

impl Failure {
    /// A provider's refusal of a request, its message cut and without control characters.
    pub(super) fn rejected(message: &str) -> Self {
        Self::Rejected(sanitize_message(message))
    }

    /// An answer that cannot be used.
    pub(super) fn invalid_response(what: &str) -> Self {
        Self::InvalidResponse(sanitize_message(what))
    }

    /// A failure that may pass.
    pub(super) fn unavailable(reason: &str) -> Self {
        Self::unavailable_with_retry_after(reason, None)
    }

    /// A failure that may pass, perhaps when the provider says.
    pub(super) fn unavailable_with_retry_after(
        reason: &str,
        retry_after: Option<Duration>,
    ) -> Self {
        Self::Unavailable { reason: sanitize_message(reason), retry_after }
    }

    /// Whether the same call may succeed a moment later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable { .. } | Self::InvalidResponse(_))
    }

    /// Whether other words may help.
    pub(super) const fn is_about_content(&self) -> bool {
        matches!(self, Self::ContentRefused | Self::ContentFlagged)
    }

    /// Whether it says that the provider is unwell, and not that one request was.
    pub(super) const fn is_provider_failure(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable { .. } | Self::TimedOut)
    }

    /// Whether the provider was not even asked.
    pub(super) const fn is_local(&self) -> bool {
        matches!(
            self,
            Self::NotConfigured
                | Self::Unsupported
                | Self::OverBudget { .. }
                | Self::CircuitOpen
                | Self::Internal(_)
        )
    }

    /// How long the provider wants to be left alone.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Its name in rows and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::Unsupported => "incapable",
            Self::ContentRefused => "refused",
            Self::ContentFlagged => "unfit",
            Self::InvalidKey => "denied",
            Self::Rejected(_) => "rejected",
            Self::Busy { .. } => "busy",
            Self::Unavailable { .. } => "unavailable",
            Self::TimedOut => "too_slow",
            Self::InvalidResponse(_) => "unusable",
            Self::TooLarge(_) => "too_large",
            Self::OverBudget { .. } => "over_budget",
            Self::CircuitOpen => "resting",
            Self::Internal(_) => "broken",
        }
    }
}

/// A failure with the provider that it is about; reads as the second half of "The story was told offline, because …".
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{provider} {failure}")]
pub struct InferenceError {
    /// The provider's name as people write it.
    pub provider: String,
    /// What went wrong.
    pub failure: Failure,
}

/// A message of somebody else, safe to show: one line of bounded length without a full stop at its end. Words that
/// no language has are cut: some providers repeat the picture that they were sent.
fn sanitize_message(message: &str) -> String {
    let start: String = message.chars().take(4 * MAX_MESSAGE).collect();
    let words: Vec<String> = start
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| match word.char_indices().nth(MAX_WORD) {
            Some((end, _)) => format!("{}…", &word[..end]),
            None => word.to_owned(),
        })
        .collect();
    let line: String = words.join(" ").chars().take(MAX_MESSAGE).collect();
    line.trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_as_a_sentence_and_repeats_little() {
        let failure = Failure::rejected(&format!("no model\nof this name.{}", " x".repeat(500)));
        let error = InferenceError { provider: "OpenAI".to_owned(), failure };
        let text = error.to_string();
        assert!(text.starts_with("OpenAI refused the request: no model of this name. x"), "{text}");
        assert!(text.len() < 240 && !text.contains('\n'));
        let echo =
            Failure::invalid_response(&format!("data:image/png;base64,{}", "iVBOR".repeat(100)));
        assert!(echo.to_string().len() < 150, "{echo}");
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(Failure::Busy { retry_after: None }.is_retryable());
        assert!(Failure::unavailable("HTTP 500").is_retryable());
        assert!(Failure::invalid_response("no JSON").is_retryable());
        for failure in [
            Failure::InvalidKey,
            Failure::ContentRefused,
            Failure::rejected("x"),
            Failure::TimedOut,
        ] {
            assert!(!failure.is_retryable(), "{failure}");
        }
    }
}
