//! Builds the composed frame: the story's state and the illustration's prompt.

use super::ComposedFrame;
use super::cast::Person;
use super::english::{capitalise, join_with_and, length, truncate};
use super::memory::Memory;
use super::rng::SeededRng;
use super::scene::Scene;
use super::stage::Stage;

/// The longest summary, in characters.
const SUMMARY: usize = 600;

/// Builds the frame from its text and the next memory.
pub(super) fn build_frame(
    scene: &Scene<'_>,
    next: &Memory,
    text: String,
    current_development: String,
    rng: &mut SeededRng,
) -> ComposedFrame {
    let (memory, grammar) = (scene.memory, scene.grammar);
    let thread = format!("thread.{}", memory.plot.key);
    let property = |key| grammar.property(&thread, key).unwrap_or_default();
    let tone = format!("tone.{}", scene.input.tone.unwrap_or(&memory.tone));
    let conceit_text = memory.conceit.as_ref();
    let conceit_text =
        conceit_text.and_then(|key| grammar.property(&format!("conceit.{key}"), "text"));
    ComposedFrame {
        text,
        illustration: illustration(scene, &tone, rng),
        genre: grammar.property(&tone, "genre").unwrap_or_default().to_owned(),
        conceit: conceit_text.unwrap_or("ordinary people look after an odd matter").to_owned(),
        cast: memory.cast.iter().map(|person| person.description(grammar)).collect(),
        settings: settings(scene),
        sources_of_conflict: vec![property("conflict").to_owned()],
        past_developments: next.past.clone(),
        current_development,
        possible_developments: possible_developments(scene, next.plot.stage),
        summary: summary(scene, &next.past, property("title")),
        memory: serde_json::to_value(next).unwrap_or_default(),
    }
}

/// Describes the illustration in one sentence: place, object, light, weather, colours and mood.
fn illustration(scene: &Scene<'_>, tone: &str, rng: &mut SeededRng) -> String {
    let (memory, grammar) = (scene.memory, scene.grammar);
    let thread = format!("thread.{}", memory.plot.key);
    let place = match &memory.locale {
        Some(locale) => locale.trim_end_matches(['.', '!', '?']),
        None => scene.spot(memory.spot, 3).unwrap_or_default(),
    };
    let object = grammar.property(&thread, "paint").unwrap_or_default();
    let animal = memory.cast.last().filter(|_| rng.percent(25));
    let animal = animal.map(|animal| format!(", a {} nearby", animal.role)).unwrap_or_default();
    let sky = match scene.input.period {
        "night" => " under the moon and stars",
        "dusk" => " as the first star comes out",
        _ => "",
    };
    let mut colours: Vec<_> = scene.input.hues.iter().take(3).cloned().collect();
    colours.dedup();
    let colours = if colours.is_empty() {
        String::new()
    } else {
        format!(", in {}", join_with_and(&colours))
    };
    let thing = scene.input.things.first().map(|thing| format!(", with {thing}"));
    let mood = grammar.property(tone, "mood").unwrap_or_default();
    let (light, weather) = (scene.light, scene.weather);
    let thing = thing.unwrap_or_default();
    capitalise(&format!(
        "{place}{sky}, {object}{thing}{animal}, {light} and {weather}{colours}, {mood}."
    ))
}

fn settings(scene: &Scene<'_>) -> Vec<String> {
    let memory = scene.memory;
    let blurb = scene.grammar.property(&format!("setting.{}", memory.setting), "blurb");
    let place = match &memory.locale {
        Some(locale) => locale.clone(),
        None => format!("{}, {}", memory.town, blurb.unwrap_or_default()),
    };
    let spots = (0..5).filter_map(|spot| scene.spot(spot, 2)).map(str::to_owned);
    std::iter::once(place).chain(spots).collect()
}

/// Returns two or three ways in which the story may go on.
fn possible_developments(scene: &Scene<'_>, upcoming: Stage) -> Vec<String> {
    let memory = scene.memory;
    let name = |index: usize| memory.cast.get(index).map_or("somebody", Person::short_name);
    let prop = memory.plot.prop(scene.grammar);
    let next = match upcoming.name() {
        "opening" => format!("{} may find another matter waiting", name(0)),
        "discovery" => format!("{} may learn more from the {prop}", name(0)),
        "complication" => format!("the {prop} may prove less simple than it looked"),
        "help" => format!("{} may know more than was said", name(2)),
        "setback" => format!("the {prop} may be lost before it is understood"),
        "turn" => format!("{} may see the {prop} the other way around", name(1)),
        "quiet" => "everyone may need a rest".to_owned(),
        "near" => format!("{} may be one door away", name(0)),
        "resolution" => format!("the {prop} may be answered at last"),
        _ => format!("{} may find a place for the {prop}", name(0)),
    };
    let elsewhere = scene.spot(memory.spot.wrapping_add(2), 2).unwrap_or("the street");
    let walk = format!("{} and {} may go to {elsewhere}", name(0), name(1));
    let mut developments = vec![next, walk];
    if let Some(trace) = memory.traces.first() {
        developments.push(format!("{trace} may turn out to matter"));
    }
    developments
}

fn summary(scene: &Scene<'_>, past: &[String], title: &str) -> String {
    let memory = scene.memory;
    let people: Vec<_> = memory.cast.iter().map(|person| person.name.clone()).collect();
    let place = match &memory.locale {
        Some(locale) => uncapitalised(truncate(locale, 80)),
        None => memory.town.clone(),
    };
    let people = join_with_and(&people);
    let mut text = format!("In {place}, {people} are busy with {title}.");
    for event in past.iter().rev() {
        let event = format!(" {event}");
        if length(&text) + length(&event) > SUMMARY {
            break;
        }
        let at = text.find(". ").map_or(text.len(), |at| at + 1);
        text.insert_str(at.min(text.len()), &event);
    }
    clip_sentence(&text)
}

fn clip_sentence(text: &str) -> String {
    if length(text) <= SUMMARY {
        text.to_owned()
    } else {
        format!("{}…", truncate(text, SUMMARY - 1))
    }
}

/// Lowers the article at the start of a phrase for use within a sentence: `A lighthouse` becomes `a lighthouse`.
fn uncapitalised(phrase: &str) -> String {
    let articles = [("A ", "a "), ("An ", "an "), ("The ", "the ")];
    let known = articles
        .iter()
        .find_map(|(upper, lower)| phrase.strip_prefix(upper).map(|rest| format!("{lower}{rest}")));
    known.unwrap_or_else(|| phrase.to_owned())
}
