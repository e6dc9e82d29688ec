//! Paints scenes: the surroundings of the motifs, and the motifs in them.

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

/// Paints the scene of a prompt, a room or a landscape, over the whole canvas. `focus` is given as
/// fractions of width and height.
pub fn paint(ctx: &mut PaintContext, prompt: &ParsedPrompt, focus: (f32, f32)) {
    let setting = choose_setting(prompt, &mut ctx.rng);
    let sheet = (0.0, 0.0, ctx.canvas.width as f32, ctx.canvas.height as f32);
    if setting == Setting::Room {
        room::paint(ctx, prompt, focus, sheet);
    } else {
        let layout = SceneLayout::new(prompt, setting, sheet, focus, &mut ctx.rng);
        outdoors(ctx, &layout, &prompt.motifs);
    }
}

/// Paints an outdoor scene into the view of its layout.
fn outdoors(ctx: &mut PaintContext, layout: &SceneLayout, motifs: &[Motif]) {
    let light = super::sky::paint(ctx, layout, motifs);
    match layout.setting {
        Setting::Sea => landscape::sea(ctx, layout, light),
        Setting::River if has_open_water(layout, motifs) => {
            landscape::lake(ctx, layout, light.filter(|_| ctx.has_lit_lamps()));
        }
        Setting::River => landscape::river(ctx, layout),
        Setting::Mountains => landscape::mountains(ctx, layout),
        Setting::Field => landscape::field(ctx, layout),
        Setting::Garden => landscape::garden(ctx, layout),
        Setting::Forest => forest::paint(ctx, layout),
        Setting::Town => town::paint(ctx, layout),
        Setting::Hills | Setting::Room => {
            landscape::hills(ctx, layout, !motifs.contains(&Motif::Road));
        }
    }
    if motifs.contains(&Motif::Road) {
        land::winding_path(ctx, layout, false);
    }
    things(ctx, layout, motifs);
    if layout.setting == Setting::Forest {
        forest::foreground(ctx, layout);
    }
    weather::paint(ctx, layout);
}

/// Reports whether the foreground is water: at the sea, and at a river with a bridge, boat or fish.
fn has_open_water(layout: &SceneLayout, motifs: &[Motif]) -> bool {
    let needs_water =
        || motifs.iter().any(|m| matches!(m, Motif::Bridge | Motif::Boat | Motif::Fish));
    layout.setting == Setting::Sea || (layout.setting == Setting::River && needs_water())
}

/// Paints up to three motifs on the ground, the furthest first, and then those in the air.
fn things(ctx: &mut PaintContext, layout: &SceneLayout, motifs: &[Motif]) {
    let is_on_ground = |m: &&Motif| {
        let is_outdoor = !m.is_indoor() || matches!(m, Motif::Cat | Motif::Chair);
        // The umbrella is painted with a person under it.
        let is_duplicate = **m == Motif::Figure && motifs.contains(&Motif::Umbrella);
        let lacks_water = matches!(m, Motif::Boat | Motif::Fish) && !has_open_water(layout, motifs);
        !m.is_aerial() && !lacks_water && is_outdoor && !is_duplicate && **m != Motif::Road
    };
    let mut ground: Vec<Motif> = motifs.iter().filter(is_on_ground).copied().take(3).collect();
    if motifs.contains(&Motif::Lamp) && !ground.contains(&Motif::StreetLamp) && ground.len() < 3 {
        ground.push(Motif::StreetLamp);
    }
    if ground.is_empty()
        && !motifs.iter().any(|m| matches!(m, Motif::Bird | Motif::Kite | Motif::Balloon))
    {
        ground.push(default_motif(layout.setting, &mut ctx.rng));
    }
    // For variety, some pictures get a motif that the prompt does not name.
    let companion = default_motif(layout.setting, &mut ctx.rng);
    if ground.len() < 3 && !ground.contains(&companion) && ctx.rng.random_bool(0.35) {
        ground.push(companion);
    }
    for (order, &thing) in ground.iter().enumerate().rev() {
        let spot = layout.place(thing, order, &mut ctx.rng);
        let afloat = matches!(thing, Motif::Boat | Motif::Lighthouse | Motif::Bridge | Motif::Fish);
        if has_open_water(layout, motifs) && !afloat {
            let (wide, tall) = (spot.height.max(layout.unit * 0.3), layout.unit * 0.1);
            land::mound(ctx, layout, spot.at(0.0, 0.03), wide, tall);
        }
        motif::paint(ctx, layout, thing, spot);
    }
    let mut sky: Vec<Motif> = motifs.iter().filter(|m| m.is_aerial()).copied().collect();
    if sky.is_empty() && layout.light != Light::Night && ctx.rng.random_bool(0.25) {
        sky.push(Motif::Bird);
    }
    for (i, &thing) in sky.iter().enumerate() {
        let mut spot = layout.place(thing, usize::from(i > 0 || !ground.is_empty()), &mut ctx.rng);
        if !motifs.contains(&thing) {
            spot.height *= 0.55;
        }
        let high = ctx.rng.range(0.12, 0.4);
        spot.foot.y = layout.at(0.0, high).y + spot.height * 0.5;
        motif::paint(ctx, layout, thing, spot);
    }
}

/// Chooses the setting: the one that the prompt names, else the usual one of the first motif that has
/// one, else any. Indoor motifs can turn it into a room.
fn choose_setting(prompt: &ParsedPrompt, rng: &mut Rng) -> Setting {
    let any_indoor =
        prompt.motifs.iter().any(|m| m.is_indoor() && !matches!(m, Motif::Cat | Motif::Window));
    // A cat can be anywhere: with an outdoor motif it is outdoors, else in a room.
    let any_outdoor = prompt.motifs.iter().any(|m| !m.is_indoor() && !m.is_aerial());
    let first_indoor =
        prompt.motifs.first().is_some_and(|m| m.is_indoor() && !(*m == Motif::Cat && any_outdoor));
    if let Some(setting) = prompt.setting {
        // Indoor motifs in an outdoor setting are painted in a room with a view of it, or left out.
        let in_room = any_indoor && rng.random_bool(if first_indoor { 0.7 } else { 0.4 });
        return if in_room { Setting::Room } else { setting };
    }
    if first_indoor || (any_indoor && rng.random_bool(0.5)) {
        return Setting::Room;
    }
    prompt.motifs.iter().find_map(|m| default_setting(*m)).unwrap_or_else(|| {
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

/// Chooses a motif that suits the setting. It is used if the prompt names no motif.
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
