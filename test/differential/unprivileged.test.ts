import { describeBoth } from './differential.ts';

describeBoth('unprivileged', 'user');
