use proptest::prelude::*;

use super::*;
use crate::InvalidClientId;

#[test]
fn no_two_clients_share_a_folder() -> Result<(), InvalidClientId> {
    let folder =
        |name: &str| ClientId::new(name).map(|id| ClientFolder::for_client(&id).to_string());
    let mut seen = std::collections::HashSet::new();
    for name in ["sparrow-1", "Sparrow-1", "sparrow:1", "sparrow.1", "🐦", "🐧", "../x", "client"]
    {
        let segment = folder(name)?;
        assert!(seen.insert(segment.clone()), "{name}: {segment}");
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        assert!(segment.bytes().all(plain) && !segment.starts_with('.'), "{segment}");
    }
    assert_eq!(folder("sparrow-1")?, "sparrow-1");
    assert_eq!(folder("24:6F")?, "24-6f.1847805c59b99e35");
    Ok(())
}

#[test]
fn a_profile_is_one_segment() {
    for bad in ["", ".", "..", "a/b", "a b", "ä", &"x".repeat(65)] {
        assert_eq!(ProfileName::new(bad), Err(InvalidProfileName), "{bad}");
    }
    assert!(ProfileName::new("grand-mother_2.v1").is_ok());
}

#[test]
fn a_media_name_stays_in_its_folder() {
    for bad in
        ["", "..", "../a.png", "a/b.png", ".env", "a\\b.png", "a%2fb.png", "a", "ä.png", "a."]
    {
        assert_eq!(MediaName::new(bad), Err(InvalidMediaName), "{bad}");
    }
    assert!(MediaName::new(&format!("{}.png", "x".repeat(125))).is_err());
    assert_eq!(MediaName::new("0a-B_c.PNG").map(|n| n.extension()), Ok("png".to_owned()));
}

#[test]
fn an_input_key_is_safe_whatever_the_client_is_called() -> Result<(), Box<dyn std::error::Error>> {
    let at = "2026-11-23T07:04:17.382226Z".parse()?;
    let key = |name: &str| -> Result<String, InvalidClientId> {
        Ok(ObjectKey::input(&ClientId::new(name)?, at, Uuid::from_u128(7), "jpg").to_string())
    };
    assert_eq!(key("24:6F/../x")?, "input/24-6f----x_20261123T070417382226_00000007_in.jpg");
    assert_eq!(key("🐦")?, "input/client_20261123T070417382226_00000007_in.jpg");
    Ok(())
}

#[test]
fn an_extension_of_a_format_stays_and_any_other_text_becomes_one() {
    for (text, extension) in
        [("grayscale16", "grayscale16"), ("PNG", "png"), ("/../é.x", "x"), ("..", "bin")]
    {
        assert_eq!(Extension::from_text_lossy(text).as_str(), extension);
    }
    for bad in ["", "PNG", "a.b", "a/b", "..", "é", &"x".repeat(17)] {
        assert_eq!(Extension::new(bad), Err(InvalidExtension), "{bad}");
    }
}

#[test]
fn a_refused_key_says_which_part_is_malformed() {
    let error = |key: &str| key.parse::<ObjectKey>().map(|key| key.to_string());
    for key in ["", "media", "notes.txt", ".calliope/x", "Media/a.png", "/media/a.png"] {
        assert_eq!(error(key), Err(InvalidObjectKey::Folder), "{key}");
    }
    for key in ["media/", "media/a", "media/..", "media/.a.part", "media/s/a.png", "media//a.png"] {
        assert_eq!(error(key), Err(InvalidMediaName.into()), "{key}");
    }
    for key in ["audio/holiday.wav", "voice_profiles/s/sample_1.wav", "voice_profiles/a.wav"] {
        assert_eq!(error(key), Err(InvalidObjectKey::Segments), "{key}");
    }
    for key in ["audio/../a.wav", "audio//a.wav", "audio/S/a.wav", "audio/---/a.wav", "audio/s./a"]
    {
        assert_eq!(error(key), Err(InvalidClientFolder.into()), "{key}");
    }
    for key in ["audio/s.1847805C59B99E35/a.wav", "audio/s.1847805c59b99e35.x/a.wav"] {
        assert_eq!(error(key), Err(InvalidClientFolder.into()), "{key}");
    }
    let profile = error("voice_profiles/s/../sample_1.wav");
    assert_eq!(profile, Err(InvalidProfileName.into()));
    for sample in ["notes.txt", "sample_+1.wav", "sample_01.wav", "sample_-1.wav", "sample_1.a/b"] {
        let key = format!("voice_profiles/s/oma/{sample}");
        assert_eq!(error(&key), Err(InvalidObjectKey::Sample), "{key}");
    }
}

#[test]
fn an_input_parses_only_as_it_is_printed() {
    let parsed = |name: &str| format!("input/{name}").parse::<ObjectKey>();
    assert!(parsed("s_20261123T070417382226_00000007_in.jpg").is_ok());
    assert!(parsed("s_20261123T235959999999_ffffffff_in.jpg").is_ok());
    for bad in [
        "letter.jpg",
        "letter_in.txt",
        "_20261123T070417382226_00000007_in.jpg",
        "a_s_20261123T070417382226_00000007_in.jpg",
        "s_20261123T070417382226_00000007_in",
        "s_20261123T070417382226_00000007_in.JPG",
        "s_20261123T070417382226_00000007_out.jpg",
        "s_20261123T070417382226_0000000A_in.jpg",
        "s_20261123T070417382226_7_in.jpg",
        "s_20261123T070417382_00000007_in.jpg",
        "s_+20261123T070417382226_00000007_in.jpg",
        "s_20261323T070417382226_00000007_in.jpg",
        // A leap second, which a name cannot hold.
        "s_20261231T235960000000_00000007_in.jpg",
    ] {
        assert_eq!(parsed(bad), Err(InvalidInputName.into()), "{bad}");
    }
}

#[test]
fn a_key_answers_what_is_asked_of_it() -> Result<(), InvalidObjectKey> {
    let cases = [
        // The key, its extension, and whether it is generated, an input, and in a client's folder.
        ("media/0197f2c4-5b1e-7c3a-9d1e-000000000000.png", "png", (true, false, false)),
        ("media/0197F2C4-5B1E-7C3A-9D1E-000000000000.png", "png", (false, false, false)),
        ("media/0197f2c45b1e7c3a9d1e000000000000.png", "png", (false, false, false)),
        ("media/0197f2c4-5b1e-7c3a-9d1e-000000000000.old.png", "png", (false, false, false)),
        ("media/Holiday..PNG", "png", (false, false, false)),
        ("input/s_20261123T070417382226_00000007_in.pcm", "pcm", (true, true, false)),
        ("audio/s/0197f2c4-5b1e-7c3a-9d1e-000000000000.wav", "wav", (true, false, true)),
        ("audio/24-6f.1847805c59b99e35/holiday.wav", "wav", (false, false, true)),
        ("voice_profiles/s/oma/sample_1883478348348.flac", "flac", (true, false, true)),
    ];
    for (text, extension, answers) in cases {
        let key: ObjectKey = text.parse()?;
        let given = (key.is_generated(), key.is_input(), key.is_in_client_folder());
        assert_eq!((key.extension().as_str(), given), (extension, answers), "{text}");
        assert!(text.ends_with(&format!("/{}", key.file_name())), "{text}: {}", key.file_name());
    }
    Ok(())
}

fn client() -> impl Strategy<Value = ClientId> {
    let named = prop_oneof!["[a-z0-9-]{1,45}", any::<String>(), "[._/A-C-]{1,5}"];
    named.prop_filter_map("a client's name", |name| ClientId::new(&name).ok())
}

/// Any time that chrono can represent, including leap seconds and years of five digits.
fn time() -> impl Strategy<Value = DateTime<Utc>> {
    let years_0_to_9999 = FIRST_SECOND..=LAST_SECOND;
    let seconds = prop_oneof![
        years_0_to_9999.clone(),
        years_0_to_9999.prop_map(|second| second - second.rem_euclid(60) + 59),
        any::<i64>().prop_map(|second| second % (1 << 43)),
    ];
    (seconds, 0..2_000_000_000_u32).prop_filter_map("a time", |(seconds, nanos)| {
        let other = nanos % 1_000_000_000;
        let at = DateTime::from_timestamp(seconds, nanos);
        at.or_else(|| DateTime::from_timestamp(seconds, other))
    })
}

const FIRST_SECOND: i64 = -62_167_219_200;
const LAST_SECOND: i64 = 253_402_300_799;

fn media_name() -> impl Strategy<Value = MediaName> {
    prop_oneof![
        generated_name(),
        "[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}\\.[A-Za-z0-9_-]{1,7}"
            .prop_filter_map("a media name", |name| MediaName::new(&name).ok()),
    ]
}

fn generated_name() -> impl Strategy<Value = MediaName> {
    (any::<u128>(), any::<String>())
        .prop_map(|(id, extension)| MediaName::generated(Uuid::from_u128(id), &extension))
}

fn generated_key() -> impl Strategy<Value = ObjectKey> {
    let input = (client(), time(), any::<u128>(), any::<String>());
    let audio = (client(), generated_name());
    let profile = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}"
        .prop_filter_map("a profile's name", |name| ProfileName::new(&name).ok());
    let sample = (client(), profile, any::<u64>(), any::<String>());
    prop_oneof![
        generated_name().prop_map(ObjectKey::Media),
        input.prop_map(|(client, at, id, extension)| ObjectKey::input(
            &client,
            at,
            Uuid::from_u128(id),
            &extension
        )),
        audio.prop_map(|(client, name)| ObjectKey::Audio {
            client: ClientFolder::for_client(&client),
            name
        }),
        sample.prop_map(|(client, profile, number, extension)| ObjectKey::VoiceSample {
            client: ClientFolder::for_client(&client),
            profile,
            number,
            extension: Extension::from_text_lossy(&extension),
        }),
    ]
}

fn key() -> impl Strategy<Value = ObjectKey> {
    let uploaded = media_name().prop_map(ObjectKey::Media);
    let recorded = (client(), media_name()).prop_map(|(client, name)| ObjectKey::Audio {
        client: ClientFolder::for_client(&client),
        name,
    });
    prop_oneof![3 => generated_key(), 1 => uploaded, 1 => recorded]
}

/// Valid keys, keys with one mistake, and arbitrary text.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[./_0-9a-fA-FT+-]{0,2}",
        Just("..".to_owned()),
        Just("//".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    let nearly = (key(), any::<prop::sample::Index>(), piece, 0..3_usize);
    let nearly = nearly.prop_map(|(key, at, piece, without)| {
        let mut chars: Vec<char> = key.to_string().chars().collect();
        let at = at.index(chars.len());
        let until = chars.len().min(at + without);
        chars.splice(at..until, piece.chars());
        chars.into_iter().collect()
    });
    let folder = "(media|input|audio|voice_profiles)/[a-z0-9._/-]{0,40}";
    let time = "[ +-]?[0-9]{4}(1[0-3]|0[0-9])[0-3][0-9]T[0-2][0-9][0-6][0-9][0-6][0-9][0-9]{6}";
    let input = (time, "[0-9a-fA-F]{8}", "[a-zA-Z0-9]{1,2}");
    let input =
        input.prop_map(|(time, tail, extension)| format!("input/s_{time}_{tail}_in.{extension}"));
    let sample = "voice_profiles/s/oma/sample_[+-]?[0-9]{1,3}\\.[a-zA-Z]{1,2}";
    prop_oneof![4 => nearly, 1 => any::<String>(), 1 => folder, 1 => input, 1 => sample]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn every_key_parses_from_what_it_prints(key in key()) {
        prop_assert_eq!(key.to_string().parse::<ObjectKey>(), Ok(key));
    }

    #[test]
    fn what_parses_is_printed_unchanged(text in text()) {
        if let Ok(key) = text.parse::<ObjectKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn no_segment_of_what_parses_is_empty_or_begins_with_a_dot(text in text()) {
        if text.parse::<ObjectKey>().is_ok() {
            prop_assert!(text.len() <= 256, "{}", text);
            for segment in text.split('/') {
                prop_assert!(!segment.is_empty() && !segment.starts_with('.'), "{}", text);
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
                prop_assert!(segment.bytes().all(plain), "{}", text);
            }
        }
    }

    #[test]
    fn every_generated_key_is_known_as_such(key in generated_key()) {
        prop_assert!(key.is_generated(), "{}", key);
    }

    #[test]
    fn every_name_that_uploads_may_have_is_a_key(name in media_name()) {
        let key = format!("media/{}", name.as_str());
        prop_assert_eq!(key.parse(), Ok(ObjectKey::Media(name)));
    }
}
