// First: schemas are made while the rest is loaded.
import './platform/zod-without-eval.ts';
import { mount } from 'svelte';
import App from './App.svelte';
import { connect } from './platform/connect.ts';
import './theme/tokens.css';
import './theme/base.css';

const target = document.getElementById('app');
if (!target) throw new Error('The page has no element with id "app".');
mount(App, { target, props: { connect } });
