/** Four squares, two of them filled: the same, and not the same. */
export function Logo({ size = 18 }: { size?: number }) {
  const squares = [
    [0.6, 0.6, true],
    [9.6, 0.6, false],
    [0.6, 9.6, false],
    [9.6, 9.6, true],
  ] as const;
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 18 18" aria-hidden="true">
      {squares.map(([x, y, filled]) => (
        <rect key={`${x},${y}`} x={x} y={y} width="7.8" height="7.8" rx="1.5" class={filled ? "on" : "off"} />
      ))}
    </svg>
  );
}

/** The hatches that drawings refer to, once for the page. */
export function Hatches() {
  return (
    <svg class="hatches" width="0" height="0" aria-hidden="true">
      <defs>
        {[4, 7].map((step) => (
          <pattern
            key={step}
            id={step === 4 ? "hatch" : "hatch-wide"}
            width={step}
            height={step}
            patternUnits="userSpaceOnUse"
          >
            <path
              class="hatching"
              d={`M-1 1L1 -1M0 ${step}L${step} 0M${step - 1} ${step + 1}L${step + 1} ${step - 1}`}
              fill="none"
              stroke-width=".6"
            />
          </pattern>
        ))}
      </defs>
    </svg>
  );
}
