//! The files that pages load, under names that contain a hash of their content, so that browsers may keep them for
//! ever.

use std::sync::LazyLock;

/// A file that pages load.
#[derive(Debug)]
pub struct Asset {
    /// The name by which sources refer to the file, such as `style.css`.
    source: &'static str,
    /// The name in the file's address, such as `style-0123456789abcdef.css`.
    pub name: String,
    /// The media type.
    pub media_type: &'static str,
    /// The content, with the addresses of other assets filled in.
    pub content: Vec<u8>,
}

/// An asset before the names in it are replaced.
type Source = (&'static str, &'static str, &'static [u8]);

macro_rules! sources {
    ($($name:literal: $media_type:literal),* $(,)?) => {
        [$(($name, $media_type, include_bytes!(concat!("../assets/", $name)))),*]
    };
}

/// The files. One that refers to another comes after it.
const SOURCES: [Source; 17] = sources![
    "fonts/literata-latin.woff2": "font/woff2",
    "fonts/literata-latin-ext.woff2": "font/woff2",
    "fonts/literata-cyrillic.woff2": "font/woff2",
    "fonts/literata-greek.woff2": "font/woff2",
    "fonts/literata-latin-italic.woff2": "font/woff2",
    "style.css": "text/css; charset=utf-8",
    "book.css": "text/css; charset=utf-8",
    "book.js": "text/javascript; charset=utf-8",
    "listener.js": "text/javascript; charset=utf-8",
    "reader.js": "text/javascript; charset=utf-8",
    "camera.js": "text/javascript; charset=utf-8",
    "voice.js": "text/javascript; charset=utf-8",
    "outbox.js": "text/javascript; charset=utf-8",
    "maker.js": "text/javascript; charset=utf-8",
    "wall.css": "text/css; charset=utf-8",
    "wall.js": "text/javascript; charset=utf-8",
    "wall-worker.js": "text/javascript; charset=utf-8",
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let mut assets: Vec<Asset> = Vec::with_capacity(SOURCES.len());
    for (source, media_type, bytes) in SOURCES {
        let content = match std::str::from_utf8(bytes) {
            Ok(text) => fill_in_names(text, &assets).into_bytes(),
            Err(_) => bytes.to_vec(),
        };
        let file_name = source.rsplit('/').next().unwrap_or(source);
        let (stem, extension) = file_name.rsplit_once('.').unwrap_or((file_name, ""));
        let name = format!("{stem}-{:016x}.{extension}", fnv1a(&content));
        assets.push(Asset { source, name, media_type, content });
    }
    assets
});

/// Replaces `./source` by the name of each asset. The files are in one folder, so a name alone is their address.
fn fill_in_names(text: &str, assets: &[Asset]) -> String {
    assets.iter().fold(text.to_owned(), |text, asset| {
        text.replace(&format!("./{}", asset.source), &format!("./{}", asset.name))
    })
}

/// Returns the 64-bit FNV-1a hash. It tells versions of a file apart and is not meant to resist forgery.
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Returns every asset.
pub fn all() -> impl Iterator<Item = &'static Asset> {
    ASSETS.iter()
}

/// Returns the asset with a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// Returns the content of an asset by the name that sources use, for a file with an address of its own.
#[must_use]
pub fn content(source: &str) -> Option<&'static [u8]> {
    ASSETS.iter().find(|asset| asset.source == source).map(|asset| &*asset.content)
}

/// Returns the address of an asset below the service's root, such as `/assets/style-0123456789abcdef.css`. A file that
/// is not in the table is a mistake in a template, which a test finds.
#[must_use]
pub fn address(source: &str) -> String {
    let name = ASSETS.iter().find(|asset| asset.source == source).map(|asset| &asset.name);
    format!("/assets/{}", name.map_or(source, String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_with_the_content() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        let style = all().find(|asset| asset.source == "style.css").expect("the style sheet");
        assert_eq!(address("style.css"), format!("/assets/{}", style.name));
        assert_eq!(find(&style.name).map(|found| found.content.len()), Some(style.content.len()));
    }

    #[test]
    fn files_refer_to_each_other_by_their_names() {
        let mut references = 0;
        for asset in all() {
            let Ok(text) = std::str::from_utf8(&asset.content) else { continue };
            for rest in text.split("\"./").skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                assert!(find(name).is_some(), "{}: {name}", asset.source);
                references += 1;
            }
        }
        assert!(references >= 6, "{references}");
    }

    #[test]
    fn what_a_reader_loads_is_small() {
        let size = |source: &str| all().find(|a| a.source == source).map_or(0, |a| a.content.len());
        let total = size("style.css") + size("reader.js") + size("listener.js");
        assert!(total < 26_000, "{total}");
        let fonts: usize =
            all().filter(|a| a.media_type == "font/woff2").map(|a| a.content.len()).sum();
        assert!(fonts < 100_000, "{fonts}");
    }
}
