//! Networks by name.

use crate::critic::net::{Activation, Module};
use crate::error::{Error, ErrorKind, Result};

/// What critic and generator are made of.
///
/// By name: `mlp`, `dcgan[:CHANNELS]`, `resnet[:DEPTH]`, `text[:CHANNELS]`; or any layers, with [`Module::parse`].
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Networks {
    /// Multilayer perceptrons, of given widths.
    #[default]
    Mlp,
    /// Convolutions of stride 2, for images: Radford, Metz, Chintala, "Unsupervised representation learning with DCGANs", 2016. Without their
    /// batch normalisation, which a gradient penalty cannot have.
    Dcgan {
        /// The channels of the first convolution of the critic; each next one has twice as many, at most eight times.
        channels: usize,
    },
    /// Residual blocks with pre-activation: of matrices for points, of convolutions for images.
    Resnet {
        /// Layers of the critic behind the first one, in blocks of two; the generator has at most nine.
        depth: usize,
    },
    /// Residual blocks of convolutions along text, and rows of probabilities from the generator: Gulrajani et al., "Improved training of
    /// Wasserstein GANs", 2017, §5.5.
    Text {
        /// The channels of all blocks.
        channels: usize,
    },
    /// Given layers.
    Layers {
        /// Of the critic; the last one has one output.
        critic: Vec<Module>,
        /// Of the generator, from noise (and the class) to a point.
        generator: Vec<Module>,
    },
}

/// The widest layer of a residual network of points.
const WIDTH: usize = 64;
/// Residual layers of a generator at most.
const GENERATOR: usize = 9;
/// Blocks of a network of text.
const BLOCKS: usize = 3;

fn refuse(why: impl Into<String>) -> Error {
    Error::new("networks", ErrorKind::Unsupported(why.into().into()))
}

impl Networks {
    /// By its name: `mlp`, `dcgan` (32 channels), `dcgan:CHANNELS`, `resnet` (depth 11), `resnet:DEPTH`, `text` (64 channels),
    /// `text:CHANNELS`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self> {
        let (kind, number) = match name.split_once(':') {
            Some((kind, number)) => (kind, Some(number)),
            None => (name, None),
        };
        let count = |usual: usize| -> Result<usize> {
            let Some(number) = number else { return Ok(usual) };
            let found = number.parse().ok().filter(|&count| count > 0);
            found.ok_or_else(|| refuse(format!("`{name}`: `{number}` is not a number of at least 1")))
        };
        Ok(match kind {
            "mlp" if number.is_none() => Self::Mlp,
            "dcgan" => Self::Dcgan { channels: count(32)? },
            "resnet" => Self::Resnet { depth: count(11)? },
            "text" => Self::Text { channels: count(64)? },
            _ => {
                let why = format!(
                    "unknown networks `{name}`; expected mlp, dcgan[:CHANNELS], resnet[:DEPTH] or text[:CHANNELS]"
                );
                return Err(refuse(why));
            }
        })
    }

    /// The name that [`Networks::named`] reads; `layers` of given ones.
    pub fn name(&self) -> String {
        match self {
            Self::Mlp => "mlp".into(),
            Self::Dcgan { channels } => format!("dcgan:{channels}"),
            Self::Resnet { depth } => format!("resnet:{depth}"),
            Self::Text { channels } => format!("text:{channels}"),
            Self::Layers { .. } => "layers".into(),
        }
    }

    /// The layers of a critic of images of `shape`, told classes or not; none of a perceptron.
    ///
    /// # Errors
    /// When the networks are not for such data.
    pub fn critic_layers(
        &self,
        shape: [usize; 3],
        conditional: bool,
        activation: Activation,
    ) -> Result<Option<Vec<Module>>> {
        self.fits(shape)?;
        let act = Module::Activation(activation);
        let mut layers = Vec::new();
        if conditional && shape[0] * shape[1] > 1 {
            layers.push(Module::Embedding { channels: 1 });
        }
        match self {
            Self::Mlp => return Ok(None),
            Self::Layers { critic, .. } => return Ok(Some(critic.clone())),
            Self::Dcgan { channels } => {
                let mut wide = even(*channels);
                let mut side = shape[0].min(shape[1]);
                let mut levels = 0;
                while side >= 4 || levels == 0 {
                    let kernel = if side >= 2 { 4 } else { 3 };
                    layers.extend([convolution(2, wide, kernel, 2), act.clone()]);
                    (side, levels) = (side / 2, levels + 1);
                    wide = (2 * wide).min(8 * even(*channels));
                }
            }
            Self::Resnet { depth } if shape[0] * shape[1] == 1 => {
                layers.push(Module::Dense { outputs: WIDTH });
                let dense = || Module::Dense { outputs: WIDTH };
                let of = |count: usize| (0..count).flat_map(|_| [act.clone(), dense()]).collect::<Vec<_>>();
                layers.extend(blocks(*depth, of));
                layers.push(act);
            }
            Self::Resnet { depth } => {
                let axes = axes(shape);
                let side = if axes == 1 { shape[1] } else { shape[0].min(shape[1]) };
                layers.push(if side >= 4 {
                    convolution(axes, WIDTH / 2, 4, 2)
                } else {
                    convolution(axes, WIDTH / 2, 3, 1)
                });
                let conv = || convolution(axes, WIDTH / 2, 3, 1);
                let of = |count: usize| (0..count).flat_map(|_| [act.clone(), conv()]).collect::<Vec<_>>();
                layers.extend(blocks(*depth, of));
                layers.push(act);
            }
            Self::Text { channels } => {
                let channels = even(*channels);
                layers.push(convolution(1, channels, 1, 1));
                let of = |count: usize| {
                    (0..count).flat_map(|_| [act.clone(), convolution(1, channels, 5, 1)]).collect::<Vec<_>>()
                };
                layers.extend(blocks(2 * BLOCKS, of));
                layers.push(act);
            }
        }
        layers.push(Module::Dense { outputs: 1 });
        Ok(Some(layers))
    }

    /// The layers of a generator of images of `shape`, which ends in `last`.
    ///
    /// # Errors
    /// As [`Networks::critic_layers`].
    pub fn generator_layers(&self, shape: [usize; 3], last: Option<Module>) -> Result<Option<Vec<Module>>> {
        self.fits(shape)?;
        let act = Module::Activation(Activation::Relu);
        let [height, width, channels] = shape;
        let mut layers = match self {
            Self::Mlp => return Ok(None),
            Self::Layers { generator, .. } => return Ok(Some(generator.clone())),
            Self::Dcgan { channels: first } => {
                // From the image back to the smallest one that doubles up to it.
                let mut steps = vec![(shape, 0)];
                let (mut sides, mut wide) = ([height, width], even(*first));
                while sides[0].min(sides[1]) >= 4 && steps.len() < 5 && sides[0] % 2 == sides[1] % 2 {
                    let kernel = if sides[0] % 2 == 0 { 4 } else { 3 };
                    sides = sides.map(|side| side.div_ceil(2));
                    steps.push(([sides[0], sides[1], wide], kernel));
                    wide = (2 * wide).min(8 * even(*first));
                }
                if steps.len() == 1 {
                    steps.push(([height, width, wide], 3));
                }
                let start = steps[steps.len() - 1].0;
                let mut layers = vec![
                    Module::Dense { outputs: start.iter().product() },
                    Module::Reshape { shape: start },
                    act.clone(),
                ];
                for pair in steps.windows(2).rev() {
                    let ([target, _, channels], (source, kernel)) = (pair[0].0, pair[1]);
                    let stride = if source[0] == target { 1 } else { 2 };
                    layers.push(Module::Convolution {
                        transposed: true,
                        axes: 2,
                        channels,
                        kernel,
                        stride,
                        padding: 1,
                    });
                    layers.push(act.clone());
                }
                layers.pop();
                layers
            }
            Self::Resnet { depth } if height * width == 1 => {
                let dense = || Module::Dense { outputs: WIDTH };
                let of = |count: usize| (0..count).flat_map(|_| [act.clone(), dense()]).collect::<Vec<_>>();
                let mut layers = vec![dense()];
                layers.extend(blocks((*depth).min(GENERATOR), of));
                layers.extend([act, Module::Dense { outputs: channels }]);
                layers
            }
            Self::Resnet { .. } | Self::Text { .. } => {
                let axes = axes(shape);
                let (wide, kernel, depth) = match self {
                    Self::Text { channels } => (even(*channels), 5, 2 * BLOCKS),
                    Self::Resnet { depth } => (WIDTH / 2, 3, (*depth).min(GENERATOR)),
                    _ => unreachable!("only these two come here"),
                };
                let of = |count: usize| {
                    (0..count).flat_map(|_| [act.clone(), convolution(axes, wide, kernel, 1)]).collect::<Vec<_>>()
                };
                let mut layers = vec![
                    Module::Dense { outputs: height * width * wide },
                    Module::Reshape { shape: [height, width, wide] },
                ];
                layers.extend(blocks(depth, of));
                layers.extend([act, convolution(axes, channels, if axes == 1 { 1 } else { 3 }, 1)]);
                layers
            }
        };
        layers.extend(last);
        Ok(Some(layers))
    }

    fn fits(&self, [height, width, _]: [usize; 3]) -> Result<()> {
        match self {
            Self::Dcgan { .. } if height == 1 || width == 1 => {
                Err(refuse("dcgan is for images of at least two rows and columns; say of which shape the points are"))
            }
            Self::Text { .. } if height > 1 || width == 1 => {
                Err(refuse("text networks are for text, an image of one row"))
            }
            _ => Ok(()),
        }
    }
}

/// Along how many axes a convolution goes.
fn axes([height, ..]: [usize; 3]) -> usize {
    if height == 1 { 1 } else { 2 }
}

/// Wide enough for activations that sort pairs.
fn even(count: usize) -> usize {
    count.next_multiple_of(2)
}

/// A convolution that keeps the sides of an image (those of stride 2 halve them).
fn convolution(axes: usize, channels: usize, kernel: usize, stride: usize) -> Module {
    Module::Convolution { transposed: false, axes, channels, kernel, stride, padding: (kernel - 1) / 2 }
}

/// So many layers in blocks of two, with a last block of one where they are odd.
fn blocks(depth: usize, of: impl Fn(usize) -> Vec<Module>) -> Vec<Module> {
    let sizes = (0..depth / 2).map(|_| 2).chain((depth % 2 == 1).then_some(1));
    sizes.map(|count| Module::Residual { branch: of(count), shortcut: Vec::new() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::critic::net::{Architecture, Network};

    #[test]
    fn names_lead_back() {
        for name in ["mlp", "dcgan:8", "resnet:101", "text:16"] {
            assert_eq!(Networks::named(name).unwrap().name(), name);
        }
        assert_eq!(Networks::named("dcgan").unwrap(), Networks::Dcgan { channels: 32 });
        for name in ["", "mlp:3", "dcgan:0", "resnet:deep", "gan"] {
            assert!(Networks::named(name).unwrap_err().to_string().starts_with("networks: "), "{name}");
        }
    }

    /// Images of any sides, text, and points: what comes out of the generator goes into the critic.
    #[test]
    fn generators_make_what_critics_read() {
        let images = [[8, 8, 1], [28, 28, 1], [7, 9, 3], [5, 8, 1], [2, 2, 1], [3, 2, 1], [32, 32, 3], [13, 13, 2]];
        let cases = images.iter().flat_map(|&shape| ["dcgan:4", "resnet:3"].map(|name| (name, shape))).chain([
            ("text:8", [1, 12, 27]),
            ("resnet:4", [1, 1, 5]),
            ("resnet:101", [1, 1, 8]),
            ("resnet:2", [1, 9, 4]),
        ]);
        for (name, shape) in cases {
            let networks = Networks::named(name).unwrap();
            for classes in [0, 3] {
                let last = Some(Module::Activation(Activation::Tanh));
                let made = networks.generator_layers(shape, last).unwrap().unwrap();
                let made = Architecture::of([1, 1, 6], classes, &made);
                let what = format!("{name} of {shape:?}, {:?}", made.modules);
                Network::<f32>::new(made.clone(), 0).unwrap();
                assert_eq!(made.outputs, shape.iter().product::<usize>(), "{what}");
                for activation in [Activation::LeakyRelu { slope: 0.2 }, Activation::MaxMin] {
                    let seen = networks.critic_layers(shape, classes > 0, activation).unwrap().unwrap();
                    let seen = Architecture::of(shape, classes, &seen);
                    Network::<f32>::new(seen.clone(), 0).unwrap();
                    assert_eq!(seen.outputs, 1, "{what}");
                }
            }
        }
        let deep = Networks::named("resnet:101").unwrap().critic_layers([1, 1, 8], false, Activation::Relu).unwrap();
        let matrices = Network::<f32>::new(Architecture::of([1, 1, 8], 0, &deep.unwrap()), 0).unwrap();
        assert_eq!(matrices.weights(matrices.parameters()).len(), 103);
        assert!(Networks::named("dcgan").unwrap().critic_layers([1, 1, 64], false, Activation::Relu).is_err());
        assert!(Networks::named("text").unwrap().generator_layers([8, 8, 1], None).is_err());
    }
}
