//! Reads transcripts. Servers for Whisper answer with an object, with segments or with plain text, and write what is
//! not speech in brackets.

use serde_json::Value;

use super::cut_text::truncate;
use super::{Failure, wire_text};

/// The longest transcript, in bytes.
const MAX_TRANSCRIPT: usize = 64 << 10;

/// Brackets around what is not speech.
const BRACKETS: [(char, char); 6] =
    [('[', ']'), ('(', ')'), ('*', '*'), ('♪', '♪'), ('<', '>'), ('（', '）')];

/// The beginnings of what is between brackets if it is not speech, in lower case and without separators.
const SOUNDS: [&str; 34] = [
    "applause",
    "audio",
    "background",
    "beep",
    "birds",
    "blankaudio",
    "breath",
    "click",
    "cough",
    "crowd",
    "door",
    "footsteps",
    "inaudible",
    "indistinct",
    "instrumental",
    "laugh",
    "music",
    "musik",
    "musique",
    "música",
    "noaudio",
    "noise",
    "nospeech",
    "notimestamps",
    "phone",
    "silence",
    "sigh",
    "sound",
    "speaking",
    "static",
    "typing",
    "unintelligible",
    "water",
    "wind",
];

/// Returns the transcript in a response; empty if nothing was said.
pub(super) fn parse(response: &Value) -> Result<String, Failure> {
    let text = find_text(response, 0);
    let text = text.ok_or_else(|| Failure::invalid_response("there is no text in it"))?;
    Ok(clean(&text))
}

fn find_text(response: &Value, depth: usize) -> Option<String> {
    if depth > 3 {
        return None;
    }
    match response {
        Value::String(text) => Some(plain_text(truncate(text, MAX_TRANSCRIPT))),
        Value::Array(parts) if depth == 0 && parts.is_empty() => None,
        Value::Array(parts) => join(parts, depth),
        Value::Object(fields) => {
            let text = ["text", "transcript", "transcription_text"]
                .iter()
                .find_map(|name| fields.get(*name)?.as_str());
            if let Some(text) = text {
                return Some(truncate(text, MAX_TRANSCRIPT).to_owned());
            }
            [
                "segments",
                "transcription",
                "chunks",
                "result",
                "results",
                "utterances",
                "data",
                "output",
            ]
            .iter()
            .find_map(|name| find_text(fields.get(*name)?, depth + 1))
        }
        _ => None,
    }
}

/// Joins the texts of segments. The segments themselves contain the spaces, if any does.
fn join(parts: &[Value], depth: usize) -> Option<String> {
    let mut joined = String::new();
    for part in parts {
        let text = find_text(part, depth + 1)?;
        if joined.len() + text.len() > MAX_TRANSCRIPT {
            break;
        }
        if !joined.is_empty() && !joined.ends_with(' ') && !text.starts_with(' ') {
            joined.push(' ');
        }
        joined.push_str(&text);
    }
    Some(joined)
}

/// Returns the words of a plain text, which may be subtitles with numbers and times.
fn plain_text(text: &str) -> String {
    if !text.contains("-->") {
        return text.to_owned();
    }
    let mut words: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        let is_header = line == "WEBVTT" || line.chars().all(|c| c.is_ascii_digit());
        let spoken = match line.split_once("-->") {
            // whisper.cpp writes the words behind the times, as in `[00:00:00.000 --> 00:00:02.000] Hello.`
            Some((_, rest)) => rest.split_once(']').map_or("", |(_, words)| words.trim()),
            None => line,
        };
        if !is_header && !spoken.is_empty() {
            words.push(spoken);
        }
    }
    words.join(" ")
}

/// Removes control characters and what is not speech from a transcript, and the spaces around it.
pub(super) fn clean(text: &str) -> String {
    let text = wire_text::clean(truncate(text, MAX_TRANSCRIPT));
    let mut speech = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(BRACKETS.map(|(open, _)| open)) {
        let (before, bracketed) = rest.split_at(start);
        speech.push_str(before);
        let open = bracketed.chars().next().unwrap_or_default();
        let inner = &bracketed[open.len_utf8()..];
        let close = closing(open);
        let Some(end) = inner.find(close) else {
            speech.push(open);
            rest = inner;
            continue;
        };
        let whole = open.len_utf8() + end + close.len_utf8();
        if open == '♪' || is_sound(&inner[..end]) {
            speech.push(' ');
        } else {
            speech.push_str(&bracketed[..whole]);
        }
        rest = &bracketed[whole..];
    }
    speech.push_str(rest);
    // A transcript without words, or one of which everything is in brackets, describes what was heard.
    if !outside_brackets(&speech).chars().any(char::is_alphanumeric) {
        return String::new();
    }
    speech.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the words between two brackets describe a sound.
fn is_sound(inner: &str) -> bool {
    let plain: String =
        inner.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    plain.is_empty()
        || SOUNDS.iter().any(|sound| plain.starts_with(sound) || plain.ends_with(sound))
}

/// Returns the bracket that closes another.
fn closing(open: char) -> char {
    BRACKETS.iter().find(|(other, _)| *other == open).map_or(open, |(_, close)| *close)
}

/// Returns a text without what is between brackets.
fn outside_brackets(text: &str) -> String {
    let mut outside = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(BRACKETS.map(|(open, _)| open)) {
        let (before, bracketed) = rest.split_at(start);
        outside.push_str(before);
        let mut after = bracketed.chars();
        let open = after.next().unwrap_or_default();
        let close = closing(open);
        // A bracket that is not closed is an ordinary character.
        rest = after.as_str().split_once(close).map_or(after.as_str(), |(_, after)| after);
    }
    outside.push_str(rest);
    outside
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_transcript_is_read_in_every_form() {
        let vtt = "WEBVTT\n\n00:00.000 --> 00:02.000\nLook,\n\n00:02.000 --> 00:03.000\na fox!\n";
        let srt = "1\n00:00:00,000 --> 00:00:02,000\nLook, a fox!\n\n";
        let timed =
            "[00:00:00.000 --> 00:00:02.000]   Look,\n[00:00:02.000 --> 00:00:03.000]   a fox!\n";
        let responses = [
            json!({"text": " Look, a fox!\n"}),
            json!(" Look, a fox!\n"),
            json!({"segments": [{"id": 0, "text": " Look,"}, {"id": 1, "text": " a fox!"}]}),
            json!({"transcription": [{"offsets": {}, "text": " Look,"}, {"text": " a fox!"}]}),
            json!([{"text": "Look,"}, {"text": "a fox!"}]),
            json!({"result": {"transcript": "Look, a fox!"}}),
            json!({"text": "[BLANK_AUDIO] Look, (wind blowing) a fox! [Music]"}),
            json!({"text": "Look,\0 a\u{1b}[31m fox!"}),
            json!(vtt),
            json!(srt),
            json!(timed),
        ];
        for response in responses {
            assert_eq!(parse(&response).as_deref(), Ok("Look, a fox!"), "{response}");
        }
        for response in
            [json!({}), json!([]), json!({"usage": {}}), json!(7), json!({"segments": [{}]})]
        {
            assert!(parse(&response).is_err(), "{response}");
        }
    }

    #[test]
    fn sounds_that_are_not_speech_are_silence() {
        for text in [
            "",
            " ",
            "[BLANK_AUDIO]",
            "[ Silence ]",
            "(silence)",
            "[Music]",
            "*music*",
            "♪♪",
            "♪ la la ♪",
            "[MUSIC PLAYING] (applause)",
            "(soft music)",
            "<|nospeech|>",
            "[BLANK_AUDIO]\n[BLANK_AUDIO].",
            "(a dog barks far away)",
            "...",
        ] {
            assert_eq!(clean(text), "", "{text}");
        }
        for text in [
            "He said (quietly) no.",
            "I have 3 < 5 windows.",
            "It is *very* nice.",
            "¡Hola!",
            "[sic",
        ] {
            assert_eq!(clean(text), text);
        }
    }
}
