//! The part of an objective between input and code and back, if that is layers of its own or an open network.

use autograd::{Leaf, Name, Tree};

use crate::network::Autoencoder;

/// The layers of an objective's own, or an open network.
#[derive(Clone, Debug)]
pub enum Body<O, W> {
    /// Layers of its own, which the paper of the objective is about.
    Own(O),
    /// Encoder, decoder and head of a [network](crate::network).
    Open(Autoencoder<W>),
}

impl<O, W> Body<O, W> {
    /// The layers of its own.
    ///
    /// # Panics
    /// If it is an open network.
    pub fn own(&self) -> &O {
        match self {
            Body::Own(own) => own,
            Body::Open(_) => panic!("the layers should be the objective's own, and they are an open network"),
        }
    }
}

impl<W: Leaf, O: Tree<W>> Tree<W> for Body<O, W> {
    type With<V: Leaf> = Body<O::With<V>, V>;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Self::With<V> {
        match self {
            Body::Own(own) => Body::Own(own.map(name, f)),
            Body::Open(net) => Body::Open(net.map(name, f)),
        }
    }

    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        match self {
            Body::Own(own) => own.visit_mut(name, f),
            Body::Open(net) => net.visit_mut(name, f),
        }
    }
}
