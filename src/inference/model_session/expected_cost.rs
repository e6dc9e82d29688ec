//! What the rest of a frame will probably cost. It is reserved together with the first call, so that a frame makes one
//! reservation. Too little means one more reservation, too much is given back when the frame is saved.

use super::super::{Capability, Model, Usage};
use super::ModelSession;
use super::illustration::MAX_IMAGE_TOKENS;
use super::structured::MAX_PLAN_TOKENS;

/// The tokens of a usual prompt for a text, with the texts of the frames before.
const TEXT_PROMPT_TOKENS: u64 = 8000;

/// The tokens of a usual prompt for an illustration.
const IMAGE_PROMPT_TOKENS: u64 = 500;

impl ModelSession {
    /// Returns what the calls that follow this one may cost, in millionths of a US dollar: a text follows what was seen
    /// and heard, and an illustration follows the text.
    pub(super) fn later_cost(&self, capability: Capability) -> i64 {
        let chains = &self.parts.chains;
        let first = |chain: &[Model], usage: Usage| {
            chain.first().map_or(0, |model| model.prices.cost(&usage))
        };
        let text = Usage {
            input_tokens: TEXT_PROMPT_TOKENS,
            output_tokens: MAX_PLAN_TOKENS,
            ..Usage::default()
        };
        let image = Usage {
            input_tokens: IMAGE_PROMPT_TOKENS,
            output_tokens: MAX_IMAGE_TOKENS,
            images: 1,
            seconds: 0.0,
        };
        match capability {
            Capability::Vision | Capability::Transcription => {
                first(&chains.text, text).saturating_add(first(&chains.image, image))
            }
            Capability::Text | Capability::Structured => first(&chains.image, image),
            _ => 0,
        }
    }
}
