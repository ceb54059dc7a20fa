//! Where the heads looked at each point of a training, as far as it was kept.

use induction::message::{EachHead, Pair, Point, hundredths};
use induction::{HEADS, LAYERS};

/// Maps by the point at which they were made.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    /// The heads of which there are maps, where not all have been kept.
    only: Option<[usize; LAYERS]>,
    kept: Vec<(usize, EachHead<Vec<u8>>)>,
}

impl Frames {
    /// The maps of a recorded training.
    pub(super) fn recorded(pair: &Pair) -> Self {
        let each = |maps: &[Vec<u8>; LAYERS]| {
            let mut all: EachHead<Vec<u8>> = Default::default();
            for (layer, head) in pair.heads.into_iter().enumerate() {
                all[layer][head.min(HEADS - 1)].clone_from(&maps[layer]);
            }
            all
        };
        let kept = pair.maps.iter().map(each).enumerate().collect();
        Self { only: Some(pair.heads), kept }
    }

    /// Keeps the maps at a point.
    pub(super) fn keep(&mut self, point: usize, maps: &EachHead<Vec<f32>>) {
        self.kept.push((
            point,
            maps.each_ref().map(|layer| layer.each_ref().map(|map| hundredths(map))),
        ));
    }

    /// The two heads to draw, with these points behind them.
    pub(super) fn heads(&self, points: &[Point]) -> [usize; LAYERS] {
        self.only.unwrap_or_else(|| points.last().map_or([0; LAYERS], Point::pair))
    }

    /// The map of a head at a point: the latest that was made until then.
    pub(super) fn map(&self, point: usize, layer: usize, head: usize) -> Option<&[u8]> {
        let until = self.kept.iter().rev().find(|(at, _)| *at <= point);
        let (_, maps) = until.or(self.kept.first())?;
        Some(&maps[layer][head]).filter(|map| !map.is_empty()).map(Vec::as_slice)
    }
}
