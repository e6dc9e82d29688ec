//! The files in `tests/fixtures`.

use std::path::PathBuf;

pub fn fixture_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixture_path(name)).expect("the fixture exists")
}

pub fn base64(name: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(fixture(name))
}

/// Returns a photograph in base64.
pub fn photo() -> String {
    base64("astronaut_640x480.jpg")
}
