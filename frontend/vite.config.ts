import { defineConfig } from "vitest/config";

// Plain files and a manifest: Django serves them, so users of a release need no Node.
export default defineConfig({
  root: "frontend",
  base: "/static/",
  build: {
    manifest: "manifest.json",
    outDir: "dist",
    emptyOutDir: true,
    rollupOptions: {
      input: ["page", "student-page", "grading-room", "roster", "setup", "checkup"].map(
        (name) => `frontend/src/${name}.ts`,
      ),
    },
    target: "es2022",
    chunkSizeWarningLimit: 900,
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
});
