//! Where a picture comes from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text_column::text_column;

/// How a picture came into being, by the terms of the IPTC's vocabulary `digitalsourcetype`.
///
/// It is written as the term's address, which is what a picture's metadata and the API hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum DigitalSourceType {
    /// A model that was trained on other pictures made it.
    #[serde(rename = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")]
    TrainedAlgorithmicMedia,
    /// An algorithm that was not trained made it: the built-in painter.
    #[serde(rename = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia")]
    AlgorithmicMedia,
    /// A camera took it.
    #[serde(rename = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture")]
    DigitalCapture,
}

impl DigitalSourceType {
    /// Returns the address of the term.
    #[must_use]
    pub const fn address(self) -> &'static str {
        match self {
            Self::TrainedAlgorithmicMedia => {
                "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
            }
            Self::AlgorithmicMedia => {
                "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
            }
            Self::DigitalCapture => "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
        }
    }
}

text_column!(DigitalSourceType, address);

/// Where a picture comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provenance {
    /// How the picture came into being: the address of a term of the IPTC.
    #[schema(example = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")]
    pub digital_source_type: DigitalSourceType,
    /// Name and version of the program that made the file.
    #[schema(example = "Calliope 0.1.0")]
    pub creator_tool: String,
    /// The provider's name of the model that made the picture; null if none did.
    #[schema(example = "gpt-image-1")]
    pub model: Option<String>,
}

impl Provenance {
    /// Describes a picture that this version of Calliope makes.
    #[must_use]
    pub fn new(digital_source_type: DigitalSourceType, model: Option<String>) -> Self {
        let creator_tool = concat!("Calliope ", env!("CARGO_PKG_VERSION")).to_owned();
        Self { digital_source_type, creator_tool, model }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_type_is_written_as_its_address() {
        for (kind, name) in [
            (DigitalSourceType::TrainedAlgorithmicMedia, "trainedAlgorithmicMedia"),
            (DigitalSourceType::AlgorithmicMedia, "algorithmicMedia"),
            (DigitalSourceType::DigitalCapture, "digitalCapture"),
        ] {
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.address());
            assert_eq!(
                kind.address(),
                format!("http://cv.iptc.org/newscodes/digitalsourcetype/{name}")
            );
            assert_eq!(serde_json::from_value::<DigitalSourceType>(json).unwrap(), kind);
        }
    }
}
