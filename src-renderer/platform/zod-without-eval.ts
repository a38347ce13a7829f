import { z } from 'zod';

// The page forbids code made from text. zod would try whether it may, which the browser reports as a violation each time.
z.config({ jitless: true });
