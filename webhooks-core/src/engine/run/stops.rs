//! Runs that stop, and begin anew.

use std::sync::Arc;

use url::Url;

use super::{Run, phase::Phase};
use crate::{emitter::Emitter, engine::cool_down::CoolDown};

impl Run {
    /// Starts no attempt any more: the receiver is gone.
    pub(crate) fn halt(&mut self) {
        // What is stopped already stays so, or nobody would know that it is idle.
        if self.phase != Phase::Suspended {
            self.phase = Phase::Halted;
        }
        self.forget_lanes();
    }

    /// Starts no attempt until it is renewed. Attempts in flight end on their own.
    pub(crate) fn suspend(&mut self) {
        self.phase = Phase::Suspended;
        self.forget_lanes();
    }

    /// Goes on as `emitter`, with what the store has, once nothing is in flight any more.
    pub(crate) fn renew(&mut self, emitter: Arc<Emitter>, url: Arc<Url>) {
        self.emitter = emitter;
        self.url = url;
        self.cool_down = CoolDown::default();
        self.begin_anew();
    }

    /// Takes up a changed configuration. When it spreads deliveries over other lanes, those in
    /// flight are waited for and the lanes are loaded anew.
    pub(crate) fn reconfigure(&mut self, emitter: Arc<Emitter>, url: Arc<Url>) {
        let same_lanes = emitter.settings.spreads_like(&self.emitter.settings);
        self.emitter = emitter;
        self.url = url;
        if !same_lanes && matches!(self.phase, Phase::Working | Phase::Draining) {
            self.begin_anew();
        }
    }

    /// What was in flight was dropped, outcome unknown: the lanes are loaded anew.
    pub(crate) fn dropped_in_flight(&mut self) {
        let dropped = std::mem::take(&mut self.in_flight);
        if dropped > 0 && matches!(self.phase, Phase::Working | Phase::Draining) {
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        self.forget_lanes();
        self.phase = Phase::Draining;
        self.go_on_when_drained();
    }

    pub(super) fn go_on_when_drained(&mut self) {
        let drained = || !self.unsettled.values().any(|unsettled| unsettled.retried);
        if self.phase == Phase::Draining && self.in_flight == 0 && drained() {
            self.phase = Phase::Working;
            self.want_load();
        }
    }

    fn forget_lanes(&mut self) {
        self.lanes.clear();
        self.heads.clear();
        self.tail_complete = false;
        self.loading.forget();
        self.brought.forget();
    }

    /// Whether it will do nothing before it is renewed.
    pub(crate) fn is_suspended(&self) -> bool {
        self.phase == Phase::Suspended
    }
}
