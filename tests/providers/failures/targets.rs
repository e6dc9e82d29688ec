//! The providers, and their recorded answers.

use serde_json::{Value, json};

use crate::support::provider::{RecordedRequest, Reply};
use crate::{Capability, KEY, support};

/// A provider that has a capability, by the provider's name and the name of its model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) provider: &'static str,
    pub(super) model: &'static str,
    pub(super) capability: Capability,
}

pub(super) const TARGETS: &[Target] = &[
    Target { provider: "openai", model: "gpt-4.1-mini", capability: Capability::Text },
    Target { provider: "openai", model: "gpt-4.1-mini", capability: Capability::Structured },
    Target { provider: "openai", model: "gpt-image-1", capability: Capability::Image },
    Target { provider: "openai", model: "gpt-4.1-mini", capability: Capability::Vision },
    Target { provider: "openai", model: "whisper-1", capability: Capability::Transcription },
    Target { provider: "azure", model: "v4", capability: Capability::Vision },
    Target { provider: "azure", model: "v3.2", capability: Capability::Vision },
    Target { provider: "stability", model: "stable-diffusion-v1-6", capability: Capability::Image },
    Target { provider: "stability", model: "core", capability: Capability::Image },
    Target { provider: "huggingface", model: "org/teller", capability: Capability::Text },
    Target { provider: "huggingface", model: "org/painter", capability: Capability::Image },
    Target { provider: "huggingface", model: "org/seer", capability: Capability::Vision },
    Target { provider: "huggingface", model: "org/hearer", capability: Capability::Transcription },
    Target { provider: "replicate", model: "org/teller", capability: Capability::Text },
    Target { provider: "replicate", model: "org/painter:abc123", capability: Capability::Image },
    Target { provider: "openai", model: "gpt-4o-mini-tts", capability: Capability::Speech },
    Target {
        provider: "openai",
        model: "text-embedding-3-small",
        capability: Capability::Embedding,
    },
    Target {
        provider: "openai",
        model: "omni-moderation-latest",
        capability: Capability::Moderation,
    },
    Target { provider: "huggingface", model: "org/embedder", capability: Capability::Embedding },
    Target { provider: "runway", model: "gen4_turbo", capability: Capability::Video },
];

impl Target {
    /// Returns a successful answer to a request, in a recorded shape.
    pub(super) fn good_answer(self, request: &RecordedRequest) -> Reply {
        let png = || support::fixture("chelsea_451x300.png");
        let base64 = || support::base64("chelsea_451x300.png");
        match (self.provider, self.model) {
            ("openai", _) if self.capability == Capability::Speech => {
                Reply::File(200, "audio/mpeg", support::fixture("speech.mp3"))
            }
            ("openai", _) => Reply::ok(good_answer(self.capability)),
            ("azure", "v3.2") => Reply::ok(json!({
                "description": {"tags": ["fox"], "captions": [{"text": "a fox", "confidence": 0.9}]},
                "objects": [{"object": "fox", "confidence": 0.8}], "tags": [{"name": "fox", "confidence": 0.9}],
                "requestId": "1", "modelVersion": "2021-05-01", "metadata": {"height": 48, "width": 64, "format": "Jpeg"},
            })),
            ("azure", _) => Reply::ok(json!({
                "modelVersion": "2023-10-01", "captionResult": {"text": "a fox", "confidence": 0.9},
                "metadata": {"width": 64, "height": 48}, "tagsResult": {"values": [{"name": "fox", "confidence": 0.9}]},
            })),
            ("stability", "core") => {
                Reply::ok(json!({"image": base64(), "finish_reason": "SUCCESS", "seed": 1}))
            }
            ("stability", _) => Reply::ok(
                json!({"artifacts": [{"base64": base64(), "finishReason": "SUCCESS", "seed": 1}]}),
            ),
            ("huggingface", _) => match self.capability {
                Capability::Image => Reply::File(200, "image/png", png()),
                Capability::Vision => Reply::ok(json!([{"generated_text": "A fox."}])),
                Capability::Transcription => Reply::ok(json!({"text": " Look, a fox!"})),
                Capability::Embedding => Reply::ok(json!([[0.5, -0.25], [0.125, 1.0]])),
                _ => Reply::ok(json!([{"generated_text": "The fox ran to the sea."}])),
            },
            _ if request.path == "/film.mp4" => {
                Reply::File(200, "video/mp4", support::fixture("film.mp4"))
            }
            ("runway", _) if request.method == "POST" => Reply::ok(json!({"id": "t-1"})),
            ("runway", _) => {
                let host = request.header("host").expect("a host");
                Reply::ok(json!({"id": "t-1", "status": "SUCCEEDED",
                    "createdAt": "2026-11-28T10:00:00Z", "output": [format!("http://{host}/film.mp4")]}))
            }
            _ if request.path == "/file.png" => Reply::File(200, "image/png", png()),
            _ if request.method == "POST" => Reply::status(
                201,
                json!({"id": "p1", "status": "starting", "output": null, "error": null}),
            ),
            _ => {
                let host = request.header("host").expect("a host");
                let output = match self.capability {
                    Capability::Image => json!([format!("http://{host}/file.png")]),
                    _ => json!(["The fox ", "ran to the sea."]),
                };
                Reply::ok(
                    json!({"id": "p1", "status": "succeeded", "output": output, "error": null}),
                )
            }
        }
    }

    /// Returns a successful answer without content.
    pub(super) fn empty_answer(self) -> Reply {
        match self.provider {
            "openai" if self.capability == Capability::Speech => {
                Reply::File(200, "audio/mpeg", Vec::new())
            }
            "openai" => Reply::ok(empty_answer(self.capability)),
            "replicate" => {
                Reply::status(201, json!({"id": "p1", "status": "succeeded", "output": null}))
            }
            "huggingface" if self.capability == Capability::Image => {
                Reply::File(200, "image/png", Vec::new())
            }
            "huggingface" => Reply::ok(json!([])),
            _ => Reply::ok(json!({})),
        }
    }

    /// Returns the header that carries the key.
    pub(super) fn key_header(self) -> (&'static str, String) {
        match self.provider {
            "azure" => ("ocp-apim-subscription-key", KEY.to_owned()),
            _ => ("authorization", format!("Bearer {KEY}")),
        }
    }
}

/// Returns a recorded answer of OpenAI for a capability.
pub(crate) fn good_answer(capability: Capability) -> Value {
    let chat_answer = |content: &str| {
        json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4.1-mini",
            "choices": [{"index": 0, "finish_reason": "stop", "logprobs": null,
                "message": {"role": "assistant", "content": content, "refusal": null, "annotations": []}}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19},
        })
    };
    match capability {
        Capability::Text => chat_answer("The fox ran to the sea."),
        Capability::Structured => chat_answer(r#"{"text": "The fox ran to the sea."}"#),
        Capability::Vision => chat_answer(
            r#"{"description": "A fox.", "setting": "a beach", "atmosphere": "calm", "people": [],
                "objects": ["a fox"], "texts": [], "tags": ["fox"]}"#,
        ),
        Capability::Image => {
            json!({"created": 1, "data": [{"b64_json": support::base64("chelsea_451x300.png")}],
            "usage": {"input_tokens": 5, "output_tokens": 1056, "total_tokens": 1061}})
        }
        Capability::Transcription => json!({"text": "Look, a fox!", "usage": {"type": "tokens",
            "input_tokens": 30, "output_tokens": 6, "total_tokens": 36}}),
        Capability::Embedding => {
            json!({"object": "list", "model": "text-embedding-3-small", "data": [
            {"object": "embedding", "index": 1, "embedding": [0.125, 1.0]},
            {"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}],
            "usage": {"prompt_tokens": 8, "total_tokens": 8}})
        }
        Capability::Moderation => {
            json!({"id": "modr-1", "model": "omni-moderation-latest", "results": [
            {"flagged": false, "categories": {"violence": false}, "category_scores": {"violence": 0.1}}]})
        }
        Capability::Speech | Capability::Video => panic!("these are files"),
    }
}

pub(super) fn good_words(capability: Capability) -> &'static str {
    match capability {
        Capability::Text | Capability::Structured | Capability::Moderation => {
            "The fox ran to the sea."
        }
        Capability::Vision => "A fox.",
        Capability::Image => "451x300",
        Capability::Transcription => "Look, a fox!",
        Capability::Embedding => "[[0.5, -0.25], [0.125, 1.0]]",
        Capability::Speech => "mp3 for 5 s",
        Capability::Video => "64x48",
    }
}

/// Returns a successful answer without content.
fn empty_answer(capability: Capability) -> Value {
    let chat_answer = |content: &str| json!({"choices": [{"message": {"content": content}}]});
    match capability {
        Capability::Text | Capability::Structured => chat_answer(""),
        Capability::Vision => chat_answer(r#"{"description": "", "objects": []}"#),
        Capability::Image => json!({"created": 1, "data": []}),
        Capability::Transcription => json!({"usage": {}}),
        Capability::Embedding => json!({"object": "list", "data": []}),
        Capability::Moderation => json!({"results": []}),
        Capability::Speech | Capability::Video => json!({}),
    }
}
