//! The models of an installation that names none, or only some.

use secrecy::SecretString;

use super::*;

/// Returns the text and the image model for a key, a base URL and a text model.
fn defaults(key: bool, base_url: Option<&str>, text: Option<&str>) -> (String, String) {
    let providers = settings::ProviderSettings {
        openai_api_key: key.then(|| SecretString::from("sk-test")),
        openai_base_url: base_url.map(str::to_owned),
        ..settings::ProviderSettings::default()
    };
    let models = settings::ModelSettings {
        text: text.map(str::to_owned),
        ..settings::ModelSettings::default()
    };
    let defaults = ModelDefaults::from_settings(&models, &providers);
    let name = |models: &[(String, String)]| {
        models.first().map_or_else(String::new, |(_, name)| name.clone())
    };
    (name(&defaults.text), name(&defaults.image))
}

#[test]
fn a_key_and_another_address_stand_for_a_proxy_of_openai() {
    let proxy = Some("https://proxy.example/v1");
    let own = Some("https://api.openai.com/v1");
    let cases = [
        ((false, None, None), ("", "")),
        ((true, None, None), ("gpt-4.1-mini", "gpt-image-1")),
        ((true, own, None), ("gpt-4.1-mini", "gpt-image-1")),
        ((false, own, None), ("", "")),
        ((true, proxy, None), ("gpt-4.1-mini", "gpt-image-1")),
        ((true, proxy, Some("openai/gpt-5")), ("gpt-5", "gpt-image-1")),
        ((true, proxy, Some("openai/openai/gpt-5")), ("openai/gpt-5", "gpt-image-1")),
        ((true, proxy, Some("openai/llama3.2")), ("llama3.2", "")),
        ((false, proxy, None), ("default", "")),
        ((false, proxy, Some("openai/llama3.2")), ("llama3.2", "")),
    ];
    for ((key, base_url, text), (expected_text, expected_image)) in cases {
        let expected = (expected_text.to_owned(), expected_image.to_owned());
        assert_eq!(defaults(key, base_url, text), expected, "{key} {base_url:?} {text:?}");
    }
}
