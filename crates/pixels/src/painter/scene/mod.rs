//! Scenes: what lies behind and around the things.

mod forest;
mod landscape;
mod room;
mod town;

use super::context::PaintContext;
use super::layout::SceneLayout;
use super::motif;
use super::prompt::{Light, Motif, ParsedPrompt, Setting};
use super::rng::Rng;
use super::{land, weather};

/// Paints the whole sheet: indoors or out.
pub fn paint(e: &mut PaintContext, reading: &ParsedPrompt, focus: (f32, f32)) {
    let setting = choose_setting(reading, &mut e.rng);
    let sheet = (0.0, 0.0, e.canvas.width as f32, e.canvas.height as f32);
    if setting == Setting::Room {
        room::paint(e, reading, focus, sheet);
    } else {
        let stage = SceneLayout::new(reading, setting, sheet, focus, &mut e.rng);
        outdoors(e, &stage, &reading.motifs);
    }
}

/// Paints an outdoor scene into its stage's view.
fn outdoors(e: &mut PaintContext, stage: &SceneLayout, motifs: &[Motif]) {
    let light = super::sky::paint(e, stage, motifs);
    match stage.setting {
        Setting::Sea => landscape::sea(e, stage, light),
        Setting::River if has_open_water(stage, motifs) => {
            landscape::lake(e, stage, light.filter(|_| e.has_lit_lamps()));
        }
        Setting::River => landscape::river(e, stage),
        Setting::Mountains => landscape::mountains(e, stage),
        Setting::Field => landscape::field(e, stage),
        Setting::Garden => landscape::garden(e, stage),
        Setting::Forest => forest::paint(e, stage),
        Setting::Town => town::paint(e, stage),
        Setting::Hills | Setting::Room => {
            landscape::hills(e, stage, !motifs.contains(&Motif::Road));
        }
    }
    if motifs.contains(&Motif::Road) {
        land::winding_path(e, stage, false);
    }
    things(e, stage, motifs);
    if stage.setting == Setting::Forest {
        forest::foreground(e, stage);
    }
    weather::paint(e, stage);
}

/// Whether the foreground is water: on the sea, and where a river must carry something.
fn has_open_water(stage: &SceneLayout, motifs: &[Motif]) -> bool {
    let broad = || motifs.iter().any(|m| matches!(m, Motif::Bridge | Motif::Boat | Motif::Fish));
    stage.setting == Setting::Sea || (stage.setting == Setting::River && broad())
}

/// Paints up to three things on the ground, the furthest first, and those in the air.
fn things(e: &mut PaintContext, stage: &SceneLayout, motifs: &[Motif]) {
    let stands = |m: &&Motif| {
        let outside = !m.is_indoor() || matches!(m, Motif::Cat | Motif::Chair);
        // An umbrella comes with someone under it.
        let held = **m == Motif::Figure && motifs.contains(&Motif::Umbrella);
        let aground = matches!(m, Motif::Boat | Motif::Fish) && !has_open_water(stage, motifs);
        !m.is_aerial() && !aground && outside && !held && **m != Motif::Road
    };
    let mut ground: Vec<Motif> = motifs.iter().filter(stands).copied().take(3).collect();
    if motifs.contains(&Motif::Lamp) && !ground.contains(&Motif::StreetLamp) && ground.len() < 3 {
        ground.push(Motif::StreetLamp);
    }
    if ground.is_empty()
        && !motifs.iter().any(|m| matches!(m, Motif::Bird | Motif::Kite | Motif::Balloon))
    {
        ground.push(default_motif(stage.setting, &mut e.rng));
    }
    // Now and then something nobody asked for, as in any sketchbook.
    let companion = default_motif(stage.setting, &mut e.rng);
    if ground.len() < 3 && !ground.contains(&companion) && e.rng.random_bool(0.35) {
        ground.push(companion);
    }
    for (order, &thing) in ground.iter().enumerate().rev() {
        let spot = stage.place(thing, order, &mut e.rng);
        let afloat = matches!(thing, Motif::Boat | Motif::Lighthouse | Motif::Bridge | Motif::Fish);
        if has_open_water(stage, motifs) && !afloat {
            let (wide, tall) = (spot.height.max(stage.unit * 0.3), stage.unit * 0.1);
            land::mound(e, stage, spot.at(0.0, 0.03), wide, tall);
        }
        motif::paint(e, stage, thing, spot);
    }
    let mut sky: Vec<Motif> = motifs.iter().filter(|m| m.is_aerial()).copied().collect();
    if sky.is_empty() && stage.light != Light::Night && e.rng.random_bool(0.25) {
        sky.push(Motif::Bird);
    }
    for (i, &thing) in sky.iter().enumerate() {
        let mut spot = stage.place(thing, usize::from(i > 0 || !ground.is_empty()), &mut e.rng);
        if !motifs.contains(&thing) {
            spot.height *= 0.55;
        }
        let high = e.rng.range(0.12, 0.4);
        spot.foot.y = stage.at(0.0, high).y + spot.height * 0.5;
        motif::paint(e, stage, thing, spot);
    }
}

/// The scene that the words name, or where their first thing is at home, or any.
fn choose_setting(reading: &ParsedPrompt, rng: &mut Rng) -> Setting {
    let small =
        reading.motifs.iter().any(|m| m.is_indoor() && !matches!(m, Motif::Cat | Motif::Window));
    // A cat is at home anywhere; it stays in only where nothing calls it out.
    let roams = reading.motifs.iter().any(|m| !m.is_indoor() && !m.is_aerial());
    let first_small =
        reading.motifs.first().is_some_and(|m| m.is_indoor() && !(*m == Motif::Cat && roams));
    if let Some(setting) = reading.setting {
        // Small things in a wide scene: sometimes seen on a sill before it, sometimes left out.
        let inside = small && rng.random_bool(if first_small { 0.7 } else { 0.4 });
        return if inside { Setting::Room } else { setting };
    }
    if first_small || (small && rng.random_bool(0.5)) {
        return Setting::Room;
    }
    reading.motifs.iter().find_map(|m| default_setting(*m)).unwrap_or_else(|| {
        let any = [
            Setting::Hills,
            Setting::Field,
            Setting::Sea,
            Setting::River,
            Setting::Mountains,
            Setting::Forest,
            Setting::Town,
            Setting::Garden,
        ];
        any[rng.int_range(0, any.len() - 1)]
    })
}

const fn default_setting(motif: Motif) -> Option<Setting> {
    match motif {
        Motif::Boat | Motif::Fish | Motif::Lighthouse => Some(Setting::Sea),
        Motif::Bridge => Some(Setting::River),
        Motif::Flower => Some(Setting::Garden),
        Motif::StreetLamp | Motif::Umbrella | Motif::Stairs => Some(Setting::Town),
        Motif::Pine | Motif::Castle => Some(Setting::Mountains),
        Motif::Train | Motif::Rocket | Motif::Kite => Some(Setting::Field),
        Motif::House | Motif::Village | Motif::Church | Motif::Tree | Motif::Ladder => {
            Some(Setting::Hills)
        }
        _ => None,
    }
}

/// Something to look at where the words name nothing.
fn default_motif(setting: Setting, rng: &mut Rng) -> Motif {
    let options = match setting {
        Setting::Sea => [Motif::Boat, Motif::Lighthouse, Motif::Figure],
        Setting::River => [Motif::Church, Motif::Tree, Motif::House],
        Setting::Town => [Motif::Figure, Motif::StreetLamp, Motif::Umbrella],
        Setting::Forest => [Motif::Figure, Motif::House, Motif::Dog],
        Setting::Mountains => [Motif::House, Motif::Pine, Motif::Figure],
        Setting::Garden => [Motif::House, Motif::Chair, Motif::Tree],
        _ => [Motif::Tree, Motif::House, Motif::Figure],
    };
    options[rng.int_range(0, 2)]
}
