import { describeBoth } from './differential.ts';

describeBoth('images');
