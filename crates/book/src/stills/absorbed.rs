//! Chapter 10: the matrix that slides across the dot product. Multi-head latent attention in its
//! plain form, which makes a key of each latent, and absorbed into the query.

use anyhow::{Context, Result, bail};
use attention::cost::Kind;
use attention::presets::preset;
use inputs::kv_cache::TOKENS;
use maud::{Markup, html};
use widgets::draw::mark::{Area, path, rect, rounded, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::{NARROW, WIDE};
use widgets::show::grouped;

use super::frame::{Still, table};

/// How many latents are drawn for all.
const DRAWN: usize = 3;

/// How thick a vector is, and how far apart two are.
const THICK: f64 = 15.0;
const PITCH: f64 = 23.0;

/// The sizes of one head.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Numbers in a latent.
    latent: u64,
    /// Numbers in a query and in a key, without the rotated part.
    head: u64,
}

impl Sizes {
    fn read() -> Result<Self> {
        let shape = preset("DeepSeek-V2").context("no DeepSeek-V2 in the presets")?.shape;
        let Kind::Latent { kv_lora_rank, nope_dim, .. } = shape.kind else {
            bail!("DeepSeek-V2 keeps a latent")
        };
        Ok(Self { latent: kv_lora_rank, head: nope_dim })
    }

    /// Products of numbers for the scores of one query with so many keys: with keys that are made,
    /// and with the query that is turned.
    fn products(self, tokens: u64) -> [u64; 2] {
        let matrix = self.latent * self.head;
        [tokens * (matrix + self.head), matrix + tokens * self.latent]
    }
}

pub(super) fn still() -> Result<Still> {
    let sizes = Sizes::read()?;
    let Sizes { latent, head } = sizes;
    let [plain, absorbed] = sizes.products(TOKENS);
    let times = (plain as f64 / absorbed as f64).round() as u64;
    let label = format!(
        "One head of DeepSeek-V2, drawn to scale. Plain: each latent of {latent} numbers times a \
         matrix is a key of {head}, which meets the query. Absorbed: the query of {head} times \
         the same matrix, turned over, is one of {latent}, which meets the latents themselves."
    );
    let says = format!(
        "Both come to the same scores. For one query and {} tokens the plain form takes {} \
         products in this head, the absorbed form {}: {times} times fewer, since the matrix is \
         used once, and not once a token.",
        grouped(TOKENS),
        grouped(plain),
        grouped(absorbed)
    );
    let rows = [1, 1024, TOKENS].map(|tokens| {
        let [plain, absorbed] = sizes.products(tokens);
        vec![grouped(tokens), grouped(plain), grouped(absorbed)]
    });
    Ok(Still {
        question: "How does latent attention do without keys?",
        layouts: [wide(sizes, &label), narrow(sizes, &label)],
        says,
        numbers: table(
            "Products for the scores of one query in one head",
            &["Tokens", "Plain: keys are made", "Absorbed: the query is turned"],
            &rows,
        ),
    })
}

fn wide(sizes: Sizes, label: &str) -> Markup {
    let marks = html! {
        (Half { sizes, at: (0.0, 0.0), long: 150.0, gap: 22.0 }.plain())
        (Half { sizes, at: (450.0, 0.0), long: 150.0, gap: 22.0 }.absorbed())
        (path(&Path::arrow((386.0, 118.0), (428.0, 118.0), 9.0), "line-accent lit round"))
        (text((407.0, 104.0), "the matrix", "small mid ink-accent"))
        (text((407.0, 140.0), "slides", "small mid ink-accent"))
    };
    svg((WIDE, 218.0), "img", label, marks)
}

fn narrow(sizes: Sizes, label: &str) -> Markup {
    let marks = html! {
        (Half { sizes, at: (0.0, 0.0), long: 116.0, gap: 20.0 }.plain())
        (Half { sizes, at: (0.0, 200.0), long: 116.0, gap: 20.0 }.absorbed())
    };
    svg((NARROW, 384.0), "img", label, marks)
}

/// One form of the score, with its upper left corner at `at`.
struct Half {
    sizes: Sizes,
    at: (f64, f64),
    /// How long a vector of as many numbers as a latent is.
    long: f64,
    /// The room of a sign between two parts.
    gap: f64,
}

impl Half {
    /// How long a query or a key is, on the scale of the latents.
    fn short(&self) -> f64 {
        self.long * self.sizes.head as f64 / self.sizes.latent as f64
    }

    fn matrix(&self, corner: (f64, f64), size: (f64, f64), name: &str) -> Markup {
        let area = Area::new(corner.0, corner.1, size.0, size.1);
        html! {
            (rect(area, "fill-hair line-edge"))
            (text((area.middle().0, area.middle().1 + 4.5), name, "strong mid"))
        }
    }

    fn sign(&self, x: f64, y: f64, sign: &str) -> Markup {
        text((x + self.gap / 2.0, y + 5.0), sign, "large mid")
    }

    /// Vectors below each other, and dots for all the others.
    fn stack(&self, x: f64, middle: f64, long: f64, name: &str, class: &str) -> Markup {
        let top = middle - PITCH * (DRAWN as f64 + 1.0) / 2.0;
        html! {
            @for at in 0..DRAWN {
                @let y = top + PITCH * at as f64;
                (rounded(Area::new(x, y, long, THICK), 2.0, class))
                (text((x + long / 2.0, y + 11.5), name, "least mid strong"))
            }
            (text((x + long / 2.0, top + PITCH * DRAWN as f64 + 8.0), "⋮", "large mid"))
        }
    }

    fn query(&self, x: f64, middle: f64, long: f64, name: &str) -> Markup {
        let area = Area::new(x, middle - THICK / 2.0, long, THICK);
        html! {
            (rounded(area, 2.0, "tint-query line-query"))
            (text((x + long / 2.0, area.y + 11.5), name, "least mid strong"))
        }
    }

    /// `c` times the matrix is `k`, and that meets `q`.
    fn plain(&self) -> Markup {
        let ((left, top), (long, short, gap)) = (self.at, (self.long, self.short(), self.gap));
        let Sizes { latent, head } = self.sizes;
        let middle = top + 34.0 + long / 2.0;
        let matrix = left + long + gap;
        let keys = matrix + short + gap;
        let query = keys + short + gap;
        html! {
            (text((left, top + 13.0), "Plain: the matrix makes keys", "strong"))
            (self.stack(left, middle, long, "c", "fill-bg line-ink"))
            (self.sign(left + long, middle, "×"))
            (self.matrix((matrix, middle - long / 2.0), (short, long), "Wᵁᴷ"))
            (self.sign(matrix + short, middle, "="))
            (self.stack(keys, middle, short, "k", "tint-key line-key"))
            (self.sign(keys + short, middle, "·"))
            (self.query(query, middle, short, "q"))
            (text((left, middle + long / 2.0 + 24.0), &format!("for each token: {} + {head} products", grouped(latent * head)), "small"))
        }
    }

    /// `q` times the matrix turned over is a longer query, and that meets `c`.
    fn absorbed(&self) -> Markup {
        let ((left, top), (long, short, gap)) = (self.at, (self.long, self.short(), self.gap));
        let Sizes { latent, head } = self.sizes;
        let middle = top + 34.0 + short / 2.0;
        let matrix = left + short + gap;
        let turned = matrix + long + gap;
        let stack = middle + 76.0;
        html! {
            (text((left, top + 13.0), "Absorbed: it turns the query, once", "strong"))
            (self.query(left, middle, short, "q"))
            (self.sign(left + short, middle, "×"))
            (self.matrix((matrix, middle - short / 2.0), (long, short), "(Wᵁᴷ)ᵀ"))
            (self.sign(matrix + long, middle, "="))
            (self.query(turned, middle, long, "q′"))
            (text((turned + long / 2.0, middle + 26.0), "·", "large mid"))
            (self.stack(turned, stack, long, "c", "fill-bg line-ink"))
            (text((left, top + 34.0 + long + 24.0), &format!("once: {} products; for each token: {latent}", grouped(latent * head)), "small"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted by doing it, on small sizes.
    #[test]
    fn the_products_are_those_of_doing_it() {
        let sizes = Sizes { latent: 5, head: 3 };
        for tokens in [1, 2, 7] {
            let (mut plain, mut absorbed) = (0, 0);
            for _ in 0..tokens {
                // A key has `head` sums over the latent, and then meets the query.
                plain += (0..sizes.head).map(|_| sizes.latent).sum::<u64>() + sizes.head;
                absorbed += sizes.latent;
            }
            absorbed += (0..sizes.latent).map(|_| sizes.head).sum::<u64>();
            assert_eq!(sizes.products(tokens), [plain, absorbed]);
        }
        let Sizes { latent, head } = Sizes::read().unwrap();
        assert_eq!((latent, head), (512, 128));
    }
}
