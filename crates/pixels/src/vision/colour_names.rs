//! Common English names of colours.

use std::sync::OnceLock;

use super::oklab::Lab;

/// Returns the name of the nearest colour in [`COLOUR_NAMES`].
///
/// Hue and chroma count for more than lightness, as they do when people name colours.
pub fn nearest_name(colour: Lab) -> &'static str {
    static KNOWN: OnceLock<Vec<(&str, Lab)>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| COLOUR_NAMES.iter().map(|(n, c)| (*n, lab(*c))).collect());
    let distance = |other: &Lab| {
        let (l, a, b) = (colour.l - other.l, colour.a - other.a, colour.b - other.b);
        l * l + 4.0 * (a * a + b * b)
    };
    known
        .iter()
        .min_by(|x, y| distance(&x.1).total_cmp(&distance(&y.1)))
        .map_or("grey", |(name, _)| name)
}

fn lab(hex: u32) -> Lab {
    let [_, r, g, b] = hex.to_be_bytes();
    Lab::from_rgb([r, g, b])
}

/// The colour names and their sRGB values. They are common words only, so that a reader knows the
/// colour at once.
#[rustfmt::skip]
#[expect(clippy::unreadable_literal, reason = "colours are read as hexadecimal triples")]
pub const COLOUR_NAMES: [(&str, u32); 110] = [
    ("black", 0x0a0a0a), ("soot black", 0x1e1c1b), ("charcoal grey", 0x363839), ("dark grey", 0x4c4c4c),
    ("slate grey", 0x5f6b76), ("iron grey", 0x646464), ("mid grey", 0x808080), ("pewter grey", 0x949aa0),
    ("ash grey", 0xa9aaa6), ("silver grey", 0xbdc0c4), ("pale grey", 0xd4d5d6), ("off-white", 0xebe9e4),
    ("white", 0xfcfcfc), ("cream", 0xf7eed3), ("ivory", 0xf4f0df), ("bone white", 0xe2dbca),
    ("pearl white", 0xe6e4ea), ("warm grey", 0x9c928a), ("stone grey", 0x827b70), ("taupe", 0x6b5d54),
    ("red", 0xd01c1f), ("bright red", 0xf02a24), ("scarlet", 0xe23a1a), ("crimson", 0xa5132f),
    ("dark red", 0x7a1317), ("brick red", 0x9c4433), ("rust red", 0x8b3a1e), ("wine red", 0x551525),
    ("rose pink", 0xe0788c), ("pink", 0xf29cb4), ("pale pink", 0xf3ccd2), ("dusty pink", 0xc9959a),
    ("hot pink", 0xe83e8c), ("coral", 0xf27a62), ("salmon pink", 0xf2a08c), ("peach", 0xf8c9a4),
    ("apricot", 0xf3b07c), ("orange", 0xf58220), ("bright orange", 0xff6a13), ("burnt orange", 0xc4571b),
    ("dull orange", 0xc98a5a), ("amber", 0xf2a516), ("copper", 0xae6a3d), ("terracotta", 0xb8603f),
    ("brown", 0x744c2b), ("dark brown", 0x40291a), ("chestnut brown", 0x6b3420), ("reddish brown", 0x7d4636),
    ("sandy brown", 0xb89468), ("light brown", 0x9c7450), ("golden brown", 0x9a6a24), ("greyish brown", 0x5c4c40),
    ("chocolate brown", 0x51321f), ("umber", 0x5a4630), ("tan", 0xcaa77c), ("beige", 0xdccaa8),
    ("sand", 0xd9bf92), ("fawn", 0xb59f84), ("khaki", 0x9c9066), ("straw yellow", 0xe4cf84),
    ("yellow", 0xf8d81c), ("bright yellow", 0xffea00), ("pale yellow", 0xf8efad), ("lemon yellow", 0xf4ea5a),
    ("golden yellow", 0xe8b42a), ("mustard yellow", 0xc89a28), ("ochre", 0xb57e2c), ("dark ochre", 0x80601f),
    ("olive green", 0x6e6d2c), ("dark olive", 0x43431f), ("moss green", 0x6f8443), ("lime green", 0xa4d233),
    ("grass green", 0x4e9a36), ("green", 0x2f8b3c), ("bright green", 0x2fd044), ("leaf green", 0x5d8f3f),
    ("dark green", 0x1d4a28), ("bottle green", 0x11382d), ("pale green", 0xbcdcb4), ("sage green", 0x98a888),
    ("mint green", 0x9fe0c0), ("sea green", 0x4d9c82), ("emerald green", 0x129a64), ("greyish green", 0x6d7c6c),
    ("teal", 0x17777a), ("dark teal", 0x124548), ("turquoise", 0x2fbfc0), ("aqua", 0x86dfe0),
    ("pale blue", 0xbfd8ea), ("sky blue", 0x7fbce6), ("powder blue", 0x9fb9d0), ("bright blue", 0x1f7cf0),
    ("blue", 0x2456c0), ("royal blue", 0x2436a0), ("deep blue", 0x17257a), ("navy blue", 0x121c44),
    ("steel blue", 0x4a7298), ("greyish blue", 0x70869c), ("midnight blue", 0x141a2a), ("indigo", 0x3b2a7c),
    ("violet", 0x7a4fb4), ("purple", 0x6a2a80), ("lilac", 0xc0a4d8), ("plum", 0x5c2a4c),
    ("slate blue", 0x4b5a78), ("ink blue", 0x2b3853), ("pinkish grey", 0xbfada6), ("blush white", 0xe2d8d4),
    ("pale lilac", 0xddd0e6), ("dark violet", 0x33204c),
];
